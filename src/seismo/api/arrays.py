"""Records as numpy structured arrays. Needs the `data` extra; imported only on request."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from seismo.api.codec import ArrayCodec, BytesCodec, Codec, FloatCodec, IntCodec, TextCodec
from seismo.api.errors import WrongType, WrongValue
from seismo.api.record import Field, RecordCodec
from seismo.kernel.abi import BPF_RINGBUF_HDR_SZ
from seismo.objects.perfbuf import PerfBuffer
from seismo.objects.ringbuf import RingBuffer, Run

__all__ = ("collect", "dtype_of")


def dtype_of(codec: Codec) -> np.dtype[Any]:
    """The dtype of the arrays of a C type: of the same size, its members at their offsets.

    Bit-fields have no dtype: a struct with some has members side by side, and each bit-field is as
    wide as its type. `WrongType` for a member without a length.
    """
    return _dtype(codec, is_widened=_has_bits(codec))


def collect(
    codec: Codec, first: Sequence[bytes], ring: RingBuffer | None, perf: PerfBuffer | None
) -> npt.NDArray[Any]:
    """The records `first`, and behind them those that are in the buffer, as one array."""
    dtype = _dtype(codec, is_widened=False)
    parts = [np.frombuffer(b"".join(first), dtype)]
    if ring is not None:
        # Not what programs write meanwhile: they may be faster than we are.
        end = ring.produced
        with closing(cast("Generator[Run, None, None]", ring.consume_runs())) as runs:
            for run in runs:
                parts.append(_run_array(run, codec, dtype))
                if ring.consumed >= end:
                    break
    if perf is not None:
        parts.append(_perf_array(perf, codec, dtype))
    array = np.concatenate(parts)
    _cut_texts(array)
    if not _has_bits(codec):
        return array
    widened = np.empty(array.shape, dtype_of(codec))
    _widen(array, codec, widened)
    return widened


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


def _run_array(run: Run, codec: Codec, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A copy of the records of a run, without their headers and what they have too many."""
    if run.length < dtype.itemsize:
        raise WrongValue(f"{codec.name} has {dtype.itemsize} bytes, not {run.length}")
    slot = np.dtype(
        {
            "names": ["record"],
            "formats": [dtype],
            "offsets": [BPF_RINGBUF_HDR_SZ],
            "itemsize": run.stride,
        }
    )
    return np.frombuffer(run.data, slot, run.count)["record"].copy()


def _perf_array(perf: PerfBuffer, codec: Codec, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The records of all CPUs, whose rings have headers of their own in between."""
    size = dtype.itemsize
    data = bytearray()

    def keep(record: memoryview) -> None:
        if len(record) < size:
            raise WrongValue(f"{codec.name} has {size} bytes, not {len(record)}")
        data.extend(record[:size])

    perf.consume(keep)
    return np.frombuffer(data, dtype)


def _cut_texts(array: npt.NDArray[Any]) -> None:
    """Zeros for what follows the first NUL of a text: programs leave there what was there."""
    if array.dtype.names is not None:
        for name in array.dtype.names:
            _cut_texts(array[name])
    elif array.dtype.kind == "S" and array.size:
        characters = array.view(np.dtype((np.uint8, (array.dtype.itemsize,))))
        characters[np.logical_or.accumulate(characters == 0, axis=-1)] = 0
