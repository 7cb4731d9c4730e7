"""Mapped columns: what is made of a large one lies on the disk, and holds what it would in memory."""

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset, Histories, mapped


@pytest.fixture
def always(monkeypatch):
    """Every column counts as large, and pieces are small."""
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "PIECE", 7)


def on_disk(tmp_path, column):
    np.save(tmp_path / "column.npy", column)
    return np.asarray(np.load(tmp_path / "column.npy", mmap_mode="c"))


def test_what_is_kept_of_a_mapped_column_is_mapped_and_leaves_no_name(tmp_path, always):
    column = on_disk(tmp_path, np.arange(100, dtype=np.int32))
    keep = column % 3 == 0
    found = mapped.kept(column, keep)
    np.testing.assert_array_equal(found, np.arange(0, 100, 3))
    assert found.dtype == np.int32
    assert mapped.is_mapped(found)
    assert mapped.is_mapped(mapped.kept(found, found > 50))
    assert [path.name for path in tmp_path.iterdir()] == ["column.npy"]


def test_a_column_in_memory_or_a_small_one_stays_in_memory(tmp_path, monkeypatch):
    column = on_disk(tmp_path, np.arange(10))
    assert not mapped.is_mapped(mapped.kept(column, column > 3))
    monkeypatch.setattr(mapped, "LARGE", 0)
    assert not mapped.is_mapped(mapped.kept(np.arange(10), np.arange(10) > 3))
    assert mapped.is_mapped(column[3:])


def test_nothing_kept_is_an_empty_column(tmp_path, always):
    column = on_disk(tmp_path, np.arange(10, dtype=np.float32))
    assert mapped.kept(column, column < 0).tolist() == []


def test_looking_up_goes_by_pieces(tmp_path, always):
    column, table = on_disk(tmp_path, np.arange(100, dtype=np.int32) % 9), np.arange(9, dtype=np.int16) ** 2
    found = mapped.looked_up(table, column)
    np.testing.assert_array_equal(found, table[np.asarray(column)])
    assert mapped.is_mapped(found)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 3, 0], [5, 2, 0, 7, 7, 1, 0], [30]])
def test_rows_that_are_kept_are_counted_before_each_start(always, lengths):
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    keep = np.random.default_rng(0).random(starts[-1]) < 0.5
    assert mapped.kept_before(keep, starts).tolist() == [int(keep[:start].sum()) for start in starts]


def test_counts_are_those_of_numpy(always):
    column = np.random.default_rng(0).integers(0, 9, 50).astype(np.int32)
    np.testing.assert_array_equal(mapped.counts_of(column, 11), np.bincount(column, minlength=11))


def test_datasets_and_histories_of_mapped_columns_are_cut_on_the_disk(tmp_path, always):
    data = Dataset.of(pl.DataFrame({"user_id": np.arange(60) // 6, "item_id": np.arange(60) % 7, "time": range(60)}))
    columns = {}
    for name in ("user", "item", "time", "weight", "kind"):
        np.save(tmp_path / f"{name}.npy", getattr(data, name))
        columns[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="c")
    on_the_disk = Dataset(data.users, data.items, **columns)
    keep = np.arange(60) % 4 > 0
    cut, expected = on_the_disk.where(keep), data.where(keep)
    assert all(mapped.is_mapped(getattr(cut, name)) for name in columns)
    np.testing.assert_array_equal(cut.item, expected.item)
    np.testing.assert_array_equal(cut.starts, expected.starts)
    histories, wanted = cut.histories().where(cut.item > 2), expected.histories().where(expected.item > 2)
    assert isinstance(histories, Histories)
    assert mapped.is_mapped(histories.times)
    np.testing.assert_array_equal(histories.starts, wanted.starts)
    np.testing.assert_array_equal(histories.times, wanted.times)
