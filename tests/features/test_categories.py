import polars as pl

from regulars.features.categories import CategoryColumn


def learned(values, min_count=1, separator=""):
    return CategoryColumn.learn(pl.Series("c", values), min_count, separator)


def test_the_most_frequent_value_comes_first_and_rare_ones_are_left_out():
    assert learned(["b", "a", "a", "c", "b", "a"], min_count=2).names == ("c = a", "c = b")


def test_a_value_that_a_list_repeats_counts_once():
    column = learned([["x", "x"], ["y"], ["x", None]], min_count=1)
    assert column.names == ("c: x", "c: y")
    entries = column.entries(pl.Series("c", [["y", "x", "y"], None, [], ["z"]]))
    assert list(zip(entries.rows, entries.features, entries.values, strict=True)) == [(0, 0, 1), (0, 1, 1)]
    assert learned([["x", "x"], ["y"]], min_count=2).names == ()


def test_a_list_written_as_text_is_taken_apart():
    column = learned(["Drama | War", "War", "", None], separator="|")
    assert column.names == ("c: War", "c: Drama")
    assert column.entries(pl.Series("c", ["Drama|Comedy"])).features.tolist() == [1]


def test_numbers_and_their_texts_are_the_same_value():
    column = learned([7, 8, 7])
    assert column.entries(pl.Series("c", ["7", "8", "9"])).features.tolist() == [0, 1]
