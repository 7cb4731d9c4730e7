"""Cutting CSV bytes into records."""

import numpy as np
import pytest

from regulars.kernels import records as kernel


def cut(text, width, final=True, separator=","):
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    out = np.empty(len(data) + 2, dtype=np.uint8)
    most = text.count("\n") + 1
    lines, refused = np.empty(most, dtype=np.int64), np.empty((most, 4), dtype=np.int64)
    size, n, bad, used, line = kernel.cut(data, ord(separator), width, 1, final, out, lines, refused)
    found = out[:size].tobytes().decode().replace("\x1f", "|").split("\x1e")[:-1]
    return list(zip(lines[:n].tolist(), found, strict=True)), refused[:bad].tolist(), used, line


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("a,b\nc,d\n", [(1, "a|b"), (2, "c|d")]),
        ("a,b\r\nc,d\r\n", [(1, "a|b"), (2, "c|d")]),
        ('"a,1","b"\n', [(1, "a,1|b")]),
        ('"a\n1","b"\nc,d\n', [(1, "a\n1|b"), (3, "c|d")]),
        ('"say ""x""",b\n', [(1, 'say "x"|b')]),
        ('5" x,b\n', [(1, '5" x|b')]),
        ('"a"b,c\n', [(1, "ab|c")]),
        ("\n\na,\n\n", [(3, "a|")]),
        (",\n", [(1, "|")]),
        ("a\x1f\x1e,b\n", [(1, "a  |b")]),
    ],
)
def test_records_are_what_rfc_4180_says_and_more_patient(text, records):
    found, refused, used, _ = cut(text, 2)
    assert found == records
    assert refused == []
    assert used == len(text)


def test_what_does_not_fit_is_refused_by_its_line():
    text = 'a\nb,c\nd,e,f\n"g,h\ni,j\n'
    found, refused, _, _ = cut(text, 2)
    assert found == [(2, "b|c"), (5, "i|j")]
    assert [(line, reason, text[low:high]) for low, high, line, reason in refused] == [
        (1, kernel.TOO_FEW, "a"),
        (3, kernel.TOO_MANY, "d,e,f"),
        (4, kernel.OPEN_QUOTE, '"g,h'),
    ]


def test_a_record_cut_off_by_the_block_waits_for_the_next():
    found, refused, used, line = cut('a,b\nc,"d', 2, final=False)
    assert (found, refused, used, line) == ([(1, "a|b")], [], 4, 2)


def test_a_quote_that_runs_on_for_a_megabyte_is_refused_before_the_end():
    text = 'a,"b\n' + "c,d\n" * (kernel.LONGEST // 4 + 10)
    found, refused, used, _ = cut(text, 2, final=False)
    assert refused[0][2:] == [1, kernel.OPEN_QUOTE]
    assert found[0] == (2, "c|d")
    assert used == len(text)
