"""GivenSplit: somebody else's split, taken as it is."""

import polars as pl
import pytest

from regulars.core import Dataset
from regulars.core.errors import EmptyData, MissingColumn
from regulars.evaluation import GivenSplit

ROWS = [("ann", "a", "train"), ("ann", "b", "valid"), ("ann", "c", "test"), ("bob", "a", "train"), ("bob", "c", "test")]
SHOP = Dataset.of(pl.DataFrame(ROWS, schema=["user_id", "item_id", "split"], orient="row"))


def wanted(split):
    names = split.train.items.names(split.wanted.items).to_list()
    return list(zip(split.train.users.names(split.queries.users[split.wanted.rows]).to_list(), names, strict=True))


def test_the_test_events_are_wanted_and_all_others_are_training():
    split = GivenSplit().cut(SHOP)
    assert wanted(split) == [("ann", "c"), ("bob", "c")]
    assert split.train.context["split"].to_list() == ["train", "valid", "train"]


def test_validation_is_the_same_split_of_the_training_events():
    split = GivenSplit().cut(GivenSplit().cut(SHOP).train)
    assert wanted(split) == [("ann", "b")]
    assert split.train.context["split"].to_list() == ["train", "train"]


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(MissingColumn, match=r"'fold'; the events have \['split'\]"):
        GivenSplit(column="fold").cut(SHOP)


def test_labels_that_do_not_occur_are_named_with_those_that_do():
    with pytest.raises(EmptyData, match=r"\['holdout'\].*\['test', 'train', 'valid'\]"):
        GivenSplit(withheld=("holdout",)).cut(SHOP)


def test_without_times_the_split_says_that_nobody_knows_what_came_first():
    assert "no times" in GivenSplit().cut(SHOP).leaks


def test_a_split_in_time_does_not_leak():
    log = pl.DataFrame(ROWS, schema=["user_id", "item_id", "split"], orient="row").with_columns(
        time=pl.col("split").replace_strict({"train": 1, "valid": 2, "test": 3})
    )
    assert GivenSplit().cut(Dataset.of(log)).leaks == ""
