"""Blocks, edges, orders, dominators, and flows that are refused."""

from __future__ import annotations

import pytest

from seismo.isa.cfg import FlowGraph, control_flow
from seismo.isa.errors import FlowError
from seismo.isa.parse import parse_listing


def graph_of(text: str) -> FlowGraph:
    return control_flow(parse_listing(text))


LOOP = """
r0 = 0
r1 = 0x5
if r1 == 0x0 goto pc+4
r1 += -1
if r1 & 0x1 goto pc+1
r0 += 1
goto pc-5
exit
"""


def test_a_loop() -> None:
    graph = graph_of(LOOP)
    assert [(block.start, block.end, block.successors) for block in graph.blocks] == [
        (0, 2, (1,)),
        (2, 3, (2, 5)),
        (3, 5, (3, 4)),
        (5, 6, (4,)),
        (6, 7, (1,)),
        (7, 8, ()),
    ]
    assert graph.entries == (0,)
    assert graph.predecessors == ((), (0, 4), (1,), (2,), (2, 3), (1,))
    assert graph.dominators == {0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 5: 1}


def test_reverse_postorder_puts_a_block_after_all_that_lead_to_it_but_back_edges() -> None:
    graph = graph_of(LOOP)
    place = {number: at for at, number in enumerate(graph.reverse_postorder)}
    assert sorted(place) == [0, 1, 2, 3, 4, 5]
    back = {(4, 1)}
    for block in graph.blocks:
        for successor in block.successors:
            is_back = (block.number, successor) in back
            assert (place[block.number] > place[successor]) == is_back


def test_functions_are_entries_and_calls_are_no_edges() -> None:
    graph = graph_of("""
    call pc+3
    r1 = subprog[+4]
    exit
    r0 = 1
    exit
    exit
    """)
    blocks = [(block.start, block.end, block.successors) for block in graph.blocks]
    assert blocks == [(0, 3, ()), (3, 5, ()), (5, 6, ())]
    assert graph.entries == (0, 1, 2)


def test_unreachable_blocks_have_no_dominator() -> None:
    graph = graph_of("goto pc+1 \n r0 = 1 \n exit")
    assert [block.successors for block in graph.blocks] == [(2,), (2,), ()]
    assert graph.reverse_postorder == (0, 2)
    assert graph.dominators == {0: 0, 2: 0}


def test_dot() -> None:
    assert (
        graph_of("may_goto pc+1 \n call 5 \n exit").dot()
        == """\
digraph program {
  node [shape=box fontname=monospace]
  b0 [label="0: may_goto pc+1\\l"]
  b0 -> b1
  b0 -> b2
  b1 [label="1: call bpf_ktime_get_ns#5\\l"]
  b1 -> b2
  b2 [label="2: exit\\l"]
}"""
    )


@pytest.mark.parametrize(
    ("text", "index", "what"),
    [
        ("", 0, "is missing: the program is empty"),
        ("goto pc+1 \n exit", 0, "(goto pc+1) leaves the program"),
        ("goto pc-2 \n exit", 0, "(goto pc-2) leaves the program"),
        ("goto pc+1 \n r1 = 0x1 \n exit", 0, "(goto pc+1) lands inside a 64-bit load"),
        ("exit \n r0 = 0", 1, "(r0 = 0) goes on past the end of its function"),
        ("call pc+0 \n exit", 0, "(call pc+0) goes on past the end of its function"),
        ("call pc+1 \n goto pc+0 \n exit", 1, "(goto pc+0) leaves its function"),
    ],
)
def test_flows_that_the_kernel_refuses(text: str, index: int, what: str) -> None:
    with pytest.raises(FlowError) as caught:
        graph_of(text)
    assert (caught.value.index, caught.value.what) == (index, what)
