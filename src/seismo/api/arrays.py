"""Records as numpy structured arrays. Needs the `data` extra; imported only on request."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from seismo.api.codec import ArrayCodec, BytesCodec, Codec, FloatCodec, IntCodec, TextCodec
from seismo.api.errors import WrongType, WrongValue
from seismo.api.record import Field, RecordCodec
from seismo.kernel.abi import BPF_RINGBUF_HDR_SZ
from seismo.objects.perfbuf import PerfBuffer
from seismo.objects.ringbuf import RingBuffer, Run

__all__ = ("Refuse", "collect", "dtype_of")

Refuse: TypeAlias = Callable[[int, int], None]


def dtype_of(codec: Codec) -> np.dtype[Any]:
    """The dtype of the arrays of a C type: of the same size, its members at their offsets.

    Bit-fields have no dtype: a struct with some has members side by side, and each bit-field is as
    wide as its type. `WrongType` for a member without a length.
    """
    return _dtype(codec, is_widened=_has_bits(codec))


def collect(
    codec: Codec, first: Sequence[bytes], source: RingBuffer | PerfBuffer | None, refuse: Refuse
) -> tuple[npt.NDArray[Any], WrongType | WrongValue | None]:
    """The records `first` and behind them those that are in the buffer, as one array; up to those
    that `refuse` (size, how many) raises for, which is the second answer."""
    dtype = _dtype(codec, is_widened=False)
    parts = [np.frombuffer(b"".join(first), dtype)]
    error: WrongType | WrongValue | None = None
    try:
        if isinstance(source, RingBuffer):
            _take_runs(source, dtype, refuse, parts)
        elif source is not None:
            _take_records(source, dtype, refuse, parts)
    except (WrongType, WrongValue) as refused:
        error = refused
    array = np.concatenate(parts)
    _cut_texts(array)
    if not _has_bits(codec):
        return array, error
    widened = np.empty(array.shape, dtype_of(codec))
    _widen(array, codec, widened)
    return widened, error


def _has_bits(codec: Codec) -> bool:
    """Whether there are bit-fields anywhere in it."""
    if isinstance(codec, ArrayCodec):
        return _has_bits(codec.element)
    if isinstance(codec, RecordCodec):
        return any(one.bits or _has_bits(one.codec) for one in codec.fields)
    return False


def _dtype(codec: Codec, *, is_widened: bool) -> np.dtype[Any]:
    """What bytes are read by or, `is_widened`, where bit-fields are put that were read."""
    match codec:
        case RecordCodec():
            return _record_dtype(codec, is_widened=is_widened)
        case ArrayCodec():
            return np.dtype((_dtype(codec.element, is_widened=is_widened), (codec.count,)))
        case TextCodec():
            return np.dtype(f"S{codec.size}")
        case IntCodec(is_bool=True, size=1):
            return np.dtype(np.bool_)
        case IntCodec() if codec.item != f"{codec.size}s":
            return np.dtype(f"={'i' if codec.signed else 'u'}{codec.size}")
        case FloatCodec():
            return np.dtype(f"=f{codec.size}")
        case BytesCodec():
            return np.dtype((np.uint8, (codec.size,)))
        case _:
            return np.dtype(f"V{codec.size}")


def _record_dtype(codec: RecordCodec, *, is_widened: bool) -> np.dtype[Any]:
    formats: list[np.dtype[Any]] = []
    for one in codec.fields:
        if one.is_open:
            raise WrongType(
                f"{codec.name}: member '{one.name}' is as long as the record, which no dtype is\n"
                "hint: iterate over the events"
            )
        is_bytes = one.bits and not is_widened
        read = np.dtype((np.uint8, (one.size,)))
        formats.append(read if is_bytes else _dtype(one.codec, is_widened=is_widened))
    if is_widened:
        return np.dtype(list(zip(codec.names, formats, strict=True)))
    return np.dtype(
        {
            "names": list(codec.names),
            "formats": formats,
            "offsets": [one.offset for one in codec.fields],
            "itemsize": codec.size,
        }
    )


def _widen(array: npt.NDArray[Any], codec: Codec, widened: npt.NDArray[Any]) -> None:
    """Copy member by member, bit-fields as numbers."""
    while isinstance(codec, ArrayCodec):
        codec = codec.element
    if not isinstance(codec, RecordCodec):
        widened[...] = array
        return
    for one in codec.fields:
        if one.bits:
            widened[one.name] = _bits(array[one.name], one)
        else:
            _widen(array[one.name], one.codec, widened[one.name])


def _bits(data: npt.NDArray[np.uint8], field: Field) -> npt.NDArray[Any]:
    """The numbers in a bit-field's bytes, which are the last axis."""
    word = np.zeros(data.shape[:-1], np.uint64)
    for at in range(field.size):
        byte, left = data[..., at].astype(np.uint64), 8 * at - field.shift
        word |= byte << np.uint64(left) if left >= 0 else byte >> np.uint64(-left)
    word &= np.uint64((1 << field.bits) - 1)
    if not isinstance(field.codec, IntCodec) or not field.codec.signed:
        return word
    unused = np.int64(64 - field.bits)
    return word.view(np.int64) << unused >> unused


def _take_runs(
    ring: RingBuffer, dtype: np.dtype[Any], refuse: Refuse, parts: list[npt.NDArray[Any]]
) -> None:
    """Copies of the runs, without their headers and what records have too many."""
    # Not what programs write meanwhile: they may be faster than we are.
    end = ring.produced
    with closing(cast("Generator[Run, None, None]", ring.consume_runs())) as runs:
        for run in runs:
            refuse(run.length, run.count)
            slot = np.dtype(
                {
                    "names": ["record"],
                    "formats": [dtype],
                    "offsets": [BPF_RINGBUF_HDR_SZ],
                    "itemsize": run.stride,
                }
            )
            parts.append(np.frombuffer(run.data, slot, run.count)["record"].copy())
            if ring.consumed >= end:
                break


def _take_records(
    perf: PerfBuffer, dtype: np.dtype[Any], refuse: Refuse, parts: list[npt.NDArray[Any]]
) -> None:
    """The records of all CPUs, whose rings have headers of their own in between."""
    size = dtype.itemsize
    data = bytearray()

    def keep(record: memoryview) -> None:
        refuse(len(record), 1)
        data.extend(record[:size])

    try:
        perf.consume(keep)
    finally:
        parts.append(np.frombuffer(data, dtype))


def _cut_texts(array: npt.NDArray[Any]) -> None:
    """Zeros for what follows the first NUL of a text: programs leave there what was there."""
    if array.dtype.names is not None:
        for name in array.dtype.names:
            _cut_texts(array[name])
    elif array.dtype.kind == "S" and array.size:
        characters = array.view(np.dtype((np.uint8, (array.dtype.itemsize,))))
        characters[np.logical_or.accumulate(characters == 0, axis=-1)] = 0
