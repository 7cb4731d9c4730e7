"""ColdItems: withheld items leave training with every event."""

import numpy as np
import polars as pl

from regulars.core import Dataset
from regulars.evaluation import ColdItems

rng = np.random.default_rng(0)
SHOP = Dataset.of(pl.DataFrame({"user_id": rng.integers(0, 30, 400), "item_id": rng.integers(0, 20, 400)}))


def test_cold_items_are_in_no_training_event_and_no_history_and_alone_are_wanted():
    split = ColdItems(share=0.2).cut(SHOP)
    cold = set(range(20)) - set(split.train.item.tolist())
    assert len(cold) == 4
    assert not cold & set(split.queries.history.items.tolist())
    assert set(split.wanted.items.tolist()) == cold
    assert len(split.train) == (~np.isin(SHOP.item, list(cold))).sum()


def test_cold_items_compete_among_themselves_or_with_all():
    split = ColdItems(share=0.2).cut(SHOP)
    assert split.candidates.mask.sum() == 4
    assert ColdItems(share=0.2, only_cold=False).cut(SHOP).candidates.mask is None
