import datetime

import numpy as np
import polars as pl
import pytest

from regulars.core.errors import MissingColumn, SettingError
from regulars.features import Columns
from regulars.models.kinds.tree import from_tree, to_tree

SHELF = pl.DataFrame(
    {
        "brand": ["Nike", "Nike", "Puma", "Puma", None, "Asics"],
        "uses": [["run", "gym"], ["run"], ["gym", "gym"], [], None, ["swim"]],
        "price": [10.0, 20.0, 30.0, 40.0, None, float("nan")],
        "organic": [True, False, True, None, False, True],
    }
)


def said(columns, frame):
    """The names and weights of each row's features."""
    matrix = columns.matrix(frame)
    rows = [matrix[[row]] for row in range(frame.height)]
    return [{columns.names[i]: round(float(v), 4) for i, v in zip(r.indices, r.data, strict=True)} for r in rows]


def test_every_value_that_two_rows_share_is_a_feature_with_a_name():
    columns = Columns.learn(SHELF, bins=2)
    assert said(columns, SHELF) == [
        {"brand = Nike": 1, "uses: run": 1, "uses: gym": 1, "price below 30": 1, "organic = yes": 1},
        {"brand = Nike": 1, "uses: run": 1, "price below 30": 1, "organic = no": 1},
        {"brand = Puma": 1, "uses: gym": 1, "price from 30": 1, "organic = yes": 1},
        {"brand = Puma": 1, "price from 30": 1},
        {"organic = no": 1},
        {"organic = yes": 1},
    ]


def test_rows_that_were_never_seen_are_read_the_same_way():
    columns = Columns.learn(SHELF, bins=2)
    new = pl.DataFrame({"price": [1, 1_000], "brand": ["Nike", "Adidas"], "color": ["red", "blue"]})
    assert said(columns, new) == [{"brand = Nike": 1, "price below 30": 1}, {"price from 30": 1}]


def test_a_table_without_rows_has_no_features():
    columns = Columns.learn(SHELF.head(0))
    assert len(columns) == 0
    assert columns.matrix(SHELF).shape == (6, 0)
    assert Columns.learn(SHELF).matrix(SHELF.head(0)).shape[0] == 0
    assert Columns.learn(SHELF).matrix(pl.DataFrame()).shape[0] == 0


def test_columns_survive_the_disk():
    frame = SHELF.with_columns(
        made=pl.Series([datetime.date(2020, m, 1) for m in range(1, 7)]),
        story=pl.Series(["warm wool socks for winter days", "thin wool socks for summer"] * 3),
        code=pl.Series(range(6)),
    )
    columns = Columns.learn(frame, kinds={"price": "value", "code": "number"})
    arrays = {}
    again = from_tree(to_tree(columns, "columns", arrays), arrays)
    assert again.names == columns.names
    assert {type(part).__name__ for part in again.parts} == {"CategoryColumn", "ValueColumn", "BinColumn", "TextColumn"}
    assert (again.matrix(frame) != columns.matrix(frame)).nnz == 0


def test_what_a_column_means_can_be_said():
    frame = pl.DataFrame({"size": [38, 39, 40] * 20, "note": ["a b c d e", "b c d e f", "c d e f g"] * 20})
    assert Columns.learn(frame).names[:3] == ("size = 38", "size = 39", "size = 40")
    told = Columns.learn(frame, kinds={"size": "number", "note": "category"}, bins=3)
    assert told.names == (
        "size below 39",
        "size 39 to 40",
        "size from 40",
        "note = a b c d e",
        "note = b c d e f",
        "note = c d e f g",
    )
    assert Columns.learn(frame, kinds={"size": "skip", "note": "skip"}).parts == ()
    assert Columns.learn(frame, kinds={"note": "skip"}).groups.tolist() == [0, 0, 0]


def test_a_wrong_kind_or_column_is_named():
    with pytest.raises(SettingError, match=r"one of category, list.*'colour'"):
        Columns.learn(SHELF, kinds={"brand": "colour"})
    with pytest.raises(MissingColumn, match=r"names the columns \['brnd'\]; the table has \['brand'"):
        Columns.learn(SHELF, kinds={"brnd": "category"})


def test_a_code_beside_its_name_is_left_out():
    frame = pl.DataFrame({"color_no": [7, 8, 7, 9, 8, 9], "color": ["red", "blue", "red", "green", "blue", "green"]})
    assert [part.column for part in Columns.learn(frame).parts] == ["color"]
    other = frame.with_columns(shade=pl.Series(["a", "b", "c", "a", "b", "c"]))
    assert [part.column for part in Columns.learn(other, min_count=1).parts] == ["color", "shade"]


def test_a_column_of_one_value_says_nothing():
    frame = pl.DataFrame({"country": ["US"] * 6, "tax": [0.2] * 6, "empty": [None] * 6})
    assert len(Columns.learn(frame)) == 0


def test_a_value_is_told_in_standard_deviations():
    frame = pl.DataFrame({"age": [20.0, 40.0, 60.0, None]})
    matrix = Columns.learn(frame, kinds={"age": "value"}).matrix(frame)
    np.testing.assert_allclose(matrix.toarray()[:, 0], [-1.2247, 0, 1.2247, 0], atol=1e-4)
