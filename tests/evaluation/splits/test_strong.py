"""StrongGeneralization: those who are asked left no trace in training."""

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset
from regulars.evaluation import StrongGeneralization

SHOP = Dataset.of(
    pl.DataFrame([(user, item, item) for user in range(50) for item in range(10)], orient="row",
                 schema=["user_id", "item_id", "time"])
)  # fmt: skip


@pytest.mark.parametrize("random", [False, True])
def test_held_out_customers_are_not_in_training_and_fold_in_four_fifths(random):
    split = StrongGeneralization(customers=0.1, fold_in=0.8, random=random).cut(SHOP)
    assert len(split) == 5
    assert not np.isin(split.train.user, split.queries.users).any()
    assert len(split.train) == 450
    assert split.queries.history.lengths.tolist() == [8] * 5
    assert split.wanted.lengths.tolist() == [2] * 5


def test_by_time_the_newest_events_are_wanted_and_at_random_others_too():
    assert set(StrongGeneralization().cut(SHOP).wanted.items.tolist()) == {8, 9}
    assert set(StrongGeneralization(random=True).cut(SHOP).wanted.items.tolist()) - {8, 9}


def test_another_seed_asks_others():
    asked = {tuple(StrongGeneralization(seed=seed).cut(SHOP).queries.users.tolist()) for seed in (0, 0, 1)}
    assert len(asked) == 2
