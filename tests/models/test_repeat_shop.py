"""Popularity and personal frequency on a real grocer (TaFeng, next basket) against published figures."""

import math
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset
from regulars.models import TIFUKNN, UPCF, Personal, Popularity
from regulars.ranking import Fallback

FOLDER = os.environ.get("REGULARS_DATA", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER, reason="REGULARS_DATA, the folder of public data sets, is not set"),
]


@pytest.fixture(scope="module")
def split():
    """Everything but each customer's last basket; that basket's items, as (customer, item) pairs."""
    baskets = pl.read_parquet(Path(FOLDER) / "tafeng-nbr/baskets.parquet").with_columns(
        time=pl.col("basket_no").cast(pl.Int64) * DAY
    )
    last = pl.col("basket_no") == pl.col("basket_no").max().over("user_id")
    train = baskets.filter(~last).select("user_id", "item_id", "time")
    data = Dataset.of(train, items=baskets.select("item_id").unique(maintain_order=True))
    wanted = baskets.filter(last).unique(["user_id", "item_id"], maintain_order=True)
    return data, data.users.index(wanted["user_id"]), data.items.index(wanted["item_id"])


def recall(recommender, split, k=10):
    data, users, items = split
    answer = recommender.recommend(data.everyone(), k)
    hits = (answer.items[users] == items[:, np.newaxis]).any(axis=1)
    return (np.bincount(users, hits) / np.bincount(users)).mean()


def test_popularity_is_the_published_baseline(split):
    """G-TopFreq, Recall@10 over all 13,858 customers: .0803 (Li et al., A Next Basket Recommendation Reality Check)."""
    assert recall(Popularity(count="weight").fit(split[0]), split) == pytest.approx(0.0803, abs=5e-5)


def test_personal_frequency_is_not_below_the_published_baseline(split):
    """P-TopFreq .1072, GP-TopFreq .1215 there; the published code leaves its ties to chance, ours go to the recent."""
    personal = Personal(half_life_days=50.0).fit(split[0])
    assert recall(personal, split) > 0.1072
    assert recall(Fallback((personal, Popularity(count="weight").fit(split[0]))), split) > 0.1215
    assert recall(Personal(half_life_days=math.inf).fit(split[0]), split) > 0.1072


def test_tifu_knn_and_up_cf_are_at_their_published_level(split):
    """Published: .1301 and .1251 (Li et al., ACM TOIS 2023), on a random fifth of the customers; here all are asked.

    The authors' own code gave .117 and .122 for TIFU-kNN on two such fifths.
    """
    assert recall(TIFUKNN().fit(split[0]), split) == pytest.approx(0.1249, abs=0.002)
    assert recall(UPCF().fit(split[0]), split) == pytest.approx(0.1258, abs=0.002)
