"""Frames and files: whatever a shop has, told apart by its first bytes."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from regulars.core.errors import ConfigError, EmptyData, UnreadableFile
from regulars.data import Table
from regulars.data.files import expanded
from regulars.data.frames import as_polars
from regulars.data.readers import readings


def test_a_pandas_frame_becomes_what_it_says():
    frame = pd.DataFrame(
        {
            "id": ["007", None, "x"],
            "n": [1.0, np.nan, 3.0],
            "day": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
            "at": pd.to_datetime(["2020-01-01T00:00:00Z"] * 3),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "group": pd.Categorical(["a", "b", "a"]),
        },
        index=pd.Index([7, 8, 9], name="row"),
    )
    found = as_polars(frame)
    assert found["row"].to_list() == [7, 8, 9]
    assert found["id"].to_list() == ["007", None, "x"]
    assert found["day"].to_list() == [datetime(2020, 1, 1), None, datetime(2020, 1, 3)]
    assert found["at"].to_list() == [datetime(2020, 1, 1, tzinfo=UTC)] * 3
    assert found["whole"].to_list() == [1, None, 3]
    assert found["group"].to_list() == ["a", "b", "a"]


def test_a_folder_is_read_in_the_order_of_names_without_what_is_hidden(tmp_path):
    for name in ("b.csv", "a.csv.gz", "c.parquet", ".hidden.csv", "_SUCCESS", "readme.md", "deep/d.tsv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in expanded(str(tmp_path))] == [
        "a.csv.gz",
        "b.csv",
        "c.parquet",
        "deep/d.tsv",
    ]
    assert [path.name for path in expanded(str(tmp_path / "*.csv"))] == ["b.csv"]
    with pytest.raises(UnreadableFile, match="there is no file"):
        expanded(str(tmp_path / "*.xml"))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"\x89PNG\r\n\x1a\n", "should be csv and is a PNG picture"),
        ("a.csv", b"PK\x03\x04", "Excel workbook"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"a,b\n1,\x00\n", "bytes that are no text"),
        ("a.csv", b"<!DOCTYPE html><html>", "a web page"),
        ("a.csv", b"SQLite format 3\x00", "sqlite:///"),
        ("a.csv", b"PAR1....PAR1", "a Parquet file; rename it"),
        ("a.parquet", b"a,b\n1,2\n", "should be parquet and is text"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=said):
        readings(Table(tmp_path / name))


def test_a_cut_off_parquet_file_is_told(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"user_id": range(10_000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFile, match=r"damaged or cut-off Parquet.*again"):
        readings(Table(path))[0].schema()


def test_parquet_rows_are_counted_from_one_and_structs_are_spread(tmp_path):
    pl.DataFrame({"user": [{"id": 1}, {"id": 2}], "x": [1, 2]}).write_parquet(tmp_path / "a.parquet")
    (reading,) = readings(Table(tmp_path / "a.parquet"))
    (chunk,) = reading.chunks()
    assert set(reading.schema()) == {"user.id", "x"} == set(chunk.rows.columns)
    assert chunk.lines.tolist() == [1, 2]


def test_a_table_is_in_one_place():
    with pytest.raises(ConfigError, match="exactly one of paths, frame and url; it has 0"):
        Table()
    with pytest.raises(ConfigError, match="either `table`"):
        Table(url="sqlite:///a.db")
    with pytest.raises(EmptyData, match="polars or a pandas frame; it is list"):
        readings(Table(frame=[1, 2]))
