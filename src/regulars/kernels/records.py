"""Cuts the bytes of a CSV file into records and fields, keeping the line of each, refusing what does not fit."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Longs = NDArray[np.int64]

FIELD_END, RECORD_END = 0x1F, 0x1E  # "unit separator" and "record separator", made for this
TOO_FEW, TOO_MANY, OPEN_QUOTE = 1, 2, 3
LONGEST = 1 << 20  # a quoted field that runs on for a megabyte was never closed
WHOLE, CUT_OFF, CUT_OFF_INSIDE, NEVER_CLOSED = 0, 1, 2, 3
_QUOTE, _NEWLINE, _RETURN = 0x22, 0x0A, 0x0D


@njit(cache=True, nogil=True)
def cut(
    data: Bytes, separator: int, width: int, line: int, final: bool, out: Bytes, lines: Longs, refused: Longs
) -> tuple[int, int, int, int, int]:
    """Rewrites the whole records of `data` with FIELD_END and RECORD_END instead of separators, quotes and newlines.

    width: fields that a record must have; line: number of the first line; final: no data follows.
    out: [>= len(data) + 2] the clean records; lines: [>= newlines + 1] first line of each;
    refused: [>= newlines + 1, 4] begin, end, line, reason of each refused line. A record that does not fit is refused
    by its first line alone, and reading goes on with the next, so that a stray quote cannot swallow the rest of a file.
    Returns bytes written, records, refused, bytes consumed, next line.
    """
    n = len(data)
    here = 0
    written = 0
    records = 0
    bad = 0
    while here < n:
        fields, end, size, newlines, state = _record(data, here, separator, out, written)
        if state in (CUT_OFF, CUT_OFF_INSIDE) and not final:
            if n - here <= LONGEST or not _has_newline(data, here):
                break
            state = NEVER_CLOSED
        if state == CUT_OFF_INSIDE:
            state = NEVER_CLOSED
        if state == NEVER_CLOSED or fields != width:
            if fields == 1 and size == 0 and state != NEVER_CLOSED:  # an empty line
                here = end
                line += newlines
                continue
            stop = here
            while stop < n and data[stop] != _NEWLINE:
                stop += 1
            if stop >= n and not final:
                break
            refused[bad, 0] = here
            refused[bad, 1] = stop
            refused[bad, 2] = line
            refused[bad, 3] = OPEN_QUOTE if state == NEVER_CLOSED else (TOO_FEW if fields < width else TOO_MANY)
            bad += 1
            here = min(stop + 1, n)
            line += 1
            continue
        if width == 1 and size == 0:
            here = end
            line += newlines
            continue
        lines[records] = line
        records += 1
        written += size
        out[written] = RECORD_END
        written += 1
        here = end
        line += newlines
    return written, records, bad, here, line


@njit(cache=True, nogil=True)
def _record(data: Bytes, begin: int, separator: int, out: Bytes, at: int) -> tuple[int, int, int, int, int]:
    """One record from `begin`: its fields, where the next begins, bytes written at `at`, newlines passed, and a state.

    state: WHOLE, CUT_OFF by the end of the data, CUT_OFF_INSIDE quotes, or a quote that is NEVER_CLOSED.
    """
    n = len(data)
    here = begin
    start = at
    fields = 1
    newlines = 0
    while True:
        if here < n and data[here] == _QUOTE:
            inside = 0
            here += 1
            while True:
                if here >= n:
                    return fields, here, at - start, newlines, CUT_OFF_INSIDE
                byte = data[here]
                if byte == _QUOTE:
                    if here + 1 < n and data[here + 1] == _QUOTE:
                        here += 1
                    else:
                        break
                elif byte == _NEWLINE:
                    inside += 1
                at = _put(out, at, byte)
                here += 1
            here += 1
            newlines += inside
            if inside and here < n and data[here] != separator and data[here] != _NEWLINE and data[here] != _RETURN:
                return fields, here, at - start, newlines, NEVER_CLOSED
        while here < n and data[here] != separator and data[here] != _NEWLINE:
            at = _put(out, at, data[here])
            here += 1
        if here >= n or data[here] == _NEWLINE:
            while at > start and out[at - 1] == _RETURN:
                at -= 1
            if here >= n:
                return fields, here, at - start, newlines, CUT_OFF
            return fields, here + 1, at - start, newlines + 1, WHOLE
        out[at] = FIELD_END
        at += 1
        here += 1
        fields += 1


@njit(cache=True, inline="always")
def _put(out: Bytes, at: int, byte: int) -> int:
    """Writes one byte of text; the two marks themselves become blanks."""
    out[at] = 0x20 if byte in (FIELD_END, RECORD_END) else byte
    return at + 1


@njit(cache=True)
def _has_newline(data: Bytes, begin: int) -> bool:
    while begin < len(data) and data[begin] != _NEWLINE:
        begin += 1
    return begin < len(data)
