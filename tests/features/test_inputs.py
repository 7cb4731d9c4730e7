import datetime

import numpy as np
import polars as pl
import pytest

from regulars.core.errors import BadTable, MissingColumn, SettingError
from regulars.features import Inputs
from regulars.models.kinds.tree import from_tree, to_tree

SHELF = pl.DataFrame(
    {
        "brand": ["Oat", "Rye", None, "Oat", "Rye"],
        "price": [1.0, 3.0, None, 5.0, 7.0],
        "since": [datetime.date(2024, 1, day) for day in range(1, 6)],
        "title": ["a red shirt of wool", "a blue shirt of silk", None, "green wool thing here", "red silk hat for you"],
        "tags": [["warm", "soft"], ["warm"], [], None, ["soft"]],
        "picture": [[1.0, 2.0], [3.0, 4.0], None, [1.0, 2.0], [3.0, 0.0]],
    }
)


@pytest.fixture(scope="module")
def inputs():
    return Inputs.learn(SHELF)


def test_each_column_is_read_by_what_it_holds(inputs):
    assert [part.column for part in inputs.categories] == ["brand"]
    assert [part.column for part in inputs.bags] == ["title", "tags"]
    assert [part.column for part in inputs.numbers] == ["price", "since"]
    assert [part.column for part in inputs.vectors] == ["picture"]


def test_numbers_are_standardized_and_what_is_missing_is_flagged(inputs):
    encoded = inputs.encode(SHELF)
    price, deviation = np.array([1, 3, 5, 7]), np.std([1, 3, 5, 7])
    np.testing.assert_allclose(encoded.numbers[[0, 1, 3, 4], 0], (price - 4) / deviation, rtol=1e-6)
    assert encoded.numbers[2, 0] == 0
    assert encoded.missing.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_the_unseen_and_the_missing_category_have_the_code_zero(inputs):
    encoded = inputs.encode(pl.DataFrame({"brand": ["Rye", "Barley", None]}))
    assert sorted(inputs.encode(SHELF).categories[[0, 1], 0]) == [1, 2]
    assert encoded.categories[0, 0] != 0
    assert encoded.categories[1:, 0].tolist() == [0, 0]


def test_lists_are_shared_equally_and_texts_have_length_one(inputs):
    titles, tags = inputs.encode(SHELF).bags
    assert tags.starts.tolist() == [0, 2, 3, 3, 3, 4]
    assert tags.weights.tolist() == [0.5, 0.5, 1, 1]
    lengths = np.sqrt(np.add.reduceat(titles.weights**2, titles.starts[:-1][np.diff(titles.starts) > 0]))
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)


def test_vectors_keep_their_angles_to_the_mean(inputs):
    (pictures,) = inputs.encode(SHELF).vectors
    centered = np.array([[1, 2], [3, 4], [1, 2], [3, 0]]) - [2, 2]
    np.testing.assert_allclose(pictures[[0, 1, 3, 4]], centered / centered.std(), rtol=1e-6)
    assert pictures[2].tolist() == [0, 0]


def test_rows_are_taken_from_every_part(inputs):
    rows = np.array([4, 0, 2, 0])
    taken, whole = inputs.encode(SHELF)[rows], inputs.encode(SHELF[rows])
    np.testing.assert_array_equal(taken.categories, whole.categories)
    np.testing.assert_array_equal(taken.numbers, whole.numbers)
    np.testing.assert_array_equal(taken.missing, whole.missing)
    np.testing.assert_array_equal(taken.vectors[0], whole.vectors[0])
    for bag, other in zip(taken.bags, whole.bags, strict=True):
        np.testing.assert_array_equal(bag.starts, other.starts)
        np.testing.assert_array_equal(bag.codes, other.codes)


def test_a_table_without_columns_has_everything_missing(inputs):
    encoded = inputs.encode(pl.DataFrame(), 3)
    assert len(encoded) == 3
    assert not encoded.categories.any()
    assert encoded.missing.all()
    assert [len(bag.codes) for bag in encoded.bags] == [0, 0]


def test_inputs_survive_the_disk(inputs):
    arrays: dict[str, np.ndarray] = {}
    again = from_tree(to_tree(inputs, "inputs", arrays), arrays)
    np.testing.assert_array_equal(again.encode(SHELF).numbers, inputs.encode(SHELF).numbers)
    np.testing.assert_array_equal(again.encode(SHELF).categories, inputs.encode(SHELF).categories)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_with_its_column_and_rows(inputs, wrong):
    broken = SHELF.with_columns(price=pl.Series([1.0, wrong, None, wrong, 2.0]))
    for reads in (inputs.encode, Inputs.learn):
        with pytest.raises(BadTable, match=r"price holds NaN or infinite numbers in 2 rows \(1, 3,.*fill_nan"):
            reads(broken)
    inside = SHELF.with_columns(picture=pl.Series([[1.0, 2.0], [3.0, 4.0], None, [1.0, wrong], [3.0, 0.0]]))
    with pytest.raises(BadTable, match=r"picture holds .* in 1 rows \(3,"):
        inputs.encode(inside)


def test_vectors_of_another_width_or_with_holes_are_refused(inputs):
    with pytest.raises(BadTable, match=r"picture need one width, 2;.* fitted on vectors of another encoder"):
        inputs.encode(pl.DataFrame({"picture": [[1.0, 2.0, 3.0]]}))
    with pytest.raises(BadTable, match="picture in row 1 has a null inside"):
        inputs.encode(pl.DataFrame({"picture": [[1.0, 2.0], [None, 1.0]]}))


def test_a_number_far_out_is_cut():
    prices = pl.DataFrame({"price": [1.0, 2.0, 3.0] * 100 + [1e9]})
    assert Inputs.learn(prices).encode(prices).numbers.max() == 8


def test_columns_and_kinds_can_be_named():
    shelf = pl.DataFrame({"a": [1, 2, 3] * 9, "b": [1.5, 2.5, 3.5] * 9, "c": ["x", "y", "z"] * 9})
    assert Inputs.learn(shelf, columns=("b",)).columns == ("b",)
    assert [p.column for p in Inputs.learn(shelf, kinds={"b": "category", "c": "skip"}).categories] == ["a", "b"]
    with pytest.raises(MissingColumn, match="lost"):
        Inputs.learn(shelf, columns=("lost",))
    with pytest.raises(SettingError, match="one of"):
        Inputs.learn(shelf, kinds={"a": "smell"})
