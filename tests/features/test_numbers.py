import datetime

import polars as pl

from regulars.features.numbers import BinColumn, ValueColumn


def test_bins_hold_about_equally_many_rows():
    column = BinColumn.learn(pl.Series("price", [float(x) for x in range(100)]), 4)
    assert column.names == ("price below 25", "price 25 to 50", "price 50 to 75", "price from 75")
    entries = column.entries(pl.Series("price", [0.0, 24.9, 25.0, None, float("inf"), 74.0, 1e9]))
    assert entries.rows.tolist() == [0, 1, 2, 5, 6]
    assert entries.features.tolist() == [0, 0, 1, 2, 3]


def test_many_equal_values_make_fewer_bins():
    assert BinColumn.learn(pl.Series("n", [0] * 90 + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 4).names == ()
    assert BinColumn.learn(pl.Series("n", [0] * 60 + [1] * 40), 4).names == ("n below 1", "n from 1")


def test_days_are_told_as_days_however_they_are_written():
    days = [datetime.date(2020, 1, 1), datetime.date(2020, 7, 1), datetime.date(2021, 1, 1), datetime.date(2021, 7, 1)]
    column = BinColumn.learn(pl.Series("since", days), 2)
    assert column.names == ("since below 2021-01-01", "since from 2021-01-01")
    assert column.entries(pl.Series("since", ["2020-05-05", "2022-01-01"])).features.tolist() == [0, 1]
    assert column.entries(pl.Series("since", ["soon", "later"])).features.tolist() == []


def test_a_column_of_one_size_has_no_deviation():
    column = ValueColumn.learn(pl.Series("x", [3.0, 3.0]))
    assert column.entries(pl.Series("x", [3.0, None, 4.0])).values.tolist() == [0.0, 1.0]
