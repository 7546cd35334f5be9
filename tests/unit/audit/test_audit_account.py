"""The account of events: sums by type and reason, what is missing, and its text."""

from __future__ import annotations

from seismo.audit.record.account import Account, TypeAccount
from seismo.audit.record.layout import KernelEvent


def account(**changes: int) -> Account:
    read = {
        "produced": 100,
        "delivered": 60,
        "filtered": 20,
        "unfinished": 3,
    } | changes
    return Account(
        types={
            0: TypeAccount(lost={"ring": 10, "consumer": 7}, **read),
            1: TypeAccount(produced=5, delivered=4, lost={"pending": 1}),
        },
        names={0: "read", 1: "write"},
        sequence_holes=10,
        is_final=True,
    )


def test_sums_over_types_and_reasons() -> None:
    one = account()
    assert (one.produced, one.delivered, one.filtered, one.unfinished) == (105, 64, 20, 3)
    assert one.lost == {"ring": 10, "pending": 1, "consumer": 7}
    assert one.lost_in_all == 18
    assert one.missing == {}
    assert one.is_exact
    assert one.text().splitlines() == [
        "produced 105 = delivered 64 + filtered 20 + lost 18 + unfinished 3",
        "lost 10: no room in the ring: the reader was too slow, or the ring is too small",
        "lost 1: no room among the calls in progress: the map pending is too small",
        "lost 7: the consumer was too slow, and the buffer in front of it full",
        "  read: lost 17 (ring 10, consumer 7)",
        "  write: lost 1 (pending 1)",
    ]


def test_one_event_that_is_not_accounted_for() -> None:
    one = account(produced=101)
    assert one.missing == {0: 1}
    assert not one.is_exact
    assert one.text().endswith("  read: 1 not accounted for")
    assert account(delivered=61).missing == {0: -1}


def test_types_do_not_make_up_for_one_another() -> None:
    types = {
        0: TypeAccount(produced=2, delivered=1),
        1: TypeAccount(produced=1, delivered=2),
    }
    one = Account(types=types, is_final=True)
    assert one.produced == one.delivered
    assert not one.is_exact


def test_running_numbers_that_disagree() -> None:
    one = Account(sequence_holes=1, is_final=True, undecodable=2, out_of_order=3)
    assert not one.is_exact
    assert one.text().splitlines()[1:] == [
        "2 records could not be decoded",
        "3 events came too late to be put in order",
        "the CPUs' running numbers tell of 1 lost to the ring, the counters of 0",
    ]


def test_nothing_at_all() -> None:
    assert Account().is_exact
    assert Account().text() == "produced 0 = delivered 0 + filtered 0 + lost 0 + unfinished 0"
    assert Account().name(7) == "type 7"


def test_programs_that_were_not_run_are_told() -> None:
    one = Account(missed={"raw_tracepoint__cap_capable": 3}, is_final=True)
    assert one.is_exact
    assert one.text().splitlines()[1:] == [
        "3 runs of raw_tracepoint__cap_capable were left out: what they tell is not in the sum"
    ]


def test_processes_without_room_are_told() -> None:
    types = {
        int(KernelEvent.PROCESS_FORK): TypeAccount(no_entry=3),
        int(KernelEvent.PROCESS_EXEC): TypeAccount(no_entry=4),
        0: TypeAccount(no_entry=100),  # ends of calls that had begun before us
    }
    one = Account(types=types, is_final=True)
    assert one.unwatched == 7
    assert one.text().splitlines()[1:] == [
        "7 processes were not watched: no room in watched_processes"
    ]
