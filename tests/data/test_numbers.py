"""Numbers as shops write them."""

import numpy as np
import polars as pl
import pytest

from regulars.data.numbers import numbers, without_blanks


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12.5", 12.5),
        ("-3", -3.0),
        ("2,55", 2.55),
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1,234", 1234.0),
        ("$3.20", 3.2),
        ("3.20 EUR", 3.2),
        ("1 234,5", 1234.5),
        ("(12.50)", -12.5),
        ("1e3", 1000.0),
    ],
)
def test_a_number_is_read_however_it_is_written(written, value):
    found, wrong = numbers(pl.Series([written]))
    assert found.tolist() == [value]
    assert not wrong.any()


def test_nothing_is_no_mistake_and_words_are():
    found, wrong = numbers(pl.Series(["", "NULL", "n/a", None, "twelve", "1.2.3", "inf"]))
    assert np.isnan(found[:6]).all()
    assert wrong.tolist() == [False, False, False, False, True, True, True]


def test_ids_that_stand_for_nobody_become_null_and_all_others_stay_as_they_are():
    ids = pl.Series(["007", " a b ", "", "  ", "NULL", "nan", "NA", "0", None])
    assert without_blanks(ids).to_list() == ["007", " a b ", None, None, None, None, "NA", "0", None]
