"""SASRec: what comes next, from histories that say it plainly."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Queries, Run
from regulars.core.errors import EmptyData, Interrupted, MissingColumn, SettingError
from regulars.models import SASRec
from regulars.models.kinds.factors import Factors

torch = pytest.importorskip("torch")

N = 12
TINY = {"width": 16, "blocks": 1, "length": 8, "epochs": 20, "batch": 32, "rate": 0.02, "patience": 0}
TINY |= {"dropout": 0.0, "frequency": 0.0, "temperature": 0.0}


def circles(n_users: int = 60, events: int = 6, **columns) -> Dataset:
    """Everybody goes from item i to i + 1, and from the last to the first."""
    random = np.random.default_rng(0)
    rows = [(user, (begin + step) % N, step * DAY) for user in range(n_users) for begin in [random.integers(N)]
            for step in range(events)]  # fmt: skip
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row"), **columns)


def best_after(model, data: Dataset, history) -> int:
    """The id of the best item for whoever did this."""
    answer = model.recommend(Queries.of([data.items.index(history).tolist()]), 1)
    return data.items.names(answer.items[0])[0]


VARIANTS = {
    "plain": {},
    "ligr": {"block": "ligr"},
    "waves": {"frequency": 0.5},
    "intervals": {"intervals": True, "heads": 2},
    "cosine": {"temperature": 0.1},
    "sampled": {"loss": "sampled", "negatives": 6, "epochs": 40},
    "last": {"targets": "last", "epochs": 40},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_always_follows_is_found(variant):
    data = circles()
    model = SASRec(**{**TINY, **VARIANTS[variant]}).fit(data)
    assert [best_after(model, data, [(item - 1) % N, item]) for item in range(N)] == [(i + 1) % N for i in range(N)]


def test_histories_longer_than_the_window_are_learned_from_and_asked_about():
    data = circles(n_users=12, events=60)
    model = SASRec(**TINY).fit(data)
    assert best_after(model, data, [i % N for i in range(10_000)]) == 10_000 % N
    assert np.isnan(model.score(Queries.of([[]]))).all()


def test_only_the_newest_events_are_read():
    data = circles()
    model = SASRec(**TINY).fit(data)
    long, short = [5] * 20 + [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8]
    scores = model.score(Queries.of([data.items.index(row).tolist() for row in (long, short)]))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-6)


def test_after_a_pause_only_the_current_session_is_read():
    data = circles()
    model = SASRec(**TINY, gap_minutes=3 * 24 * 60.0).fit(data)
    items = [1, 2, 7, 8]
    paused = Histories.of([items, items[2:]], times=[[0, DAY, 9 * DAY, 10 * DAY], [9 * DAY, 10 * DAY]])
    scores = model.score(Queries.of(paused))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-6)


def test_a_shop_of_one_item_has_one_answer():
    data = Dataset.of(pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": [7] * 4, "time": [1, 2, 3, 4]}))
    model = SASRec(**{**TINY, "epochs": 2}).fit(data)
    assert model.recommend(Queries.of([[0]]), 1).items.tolist() == [[0]]


def test_an_item_without_events_is_proposed_by_its_attributes():
    """Items of one color follow each other, and a new item of that color was never sold."""
    random = np.random.default_rng(1)
    rows = [(user, 10 * color + int(random.integers(6)), step) for user in range(120) for color in [user % 2]
            for step in range(6)]  # fmt: skip
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row")
    items = pl.DataFrame(
        {"item_id": [10 * c + i for c in range(2) for i in range(7)], "color": ["red"] * 7 + ["blue"] * 7}
    )
    data = Dataset.of(events, items=items)
    model = SASRec(**{**TINY, "epochs": 10, "rate": 0.003}, attributes=True, forget=0.3).fit(data)
    new = data.items.index([6, 16])
    scores = model.score(Queries.of([data.items.index([0, 1, 2]).tolist(), data.items.index([10, 11]).tolist()]), new)
    assert scores[0, 0] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]
    without = SASRec(**{**TINY, "epochs": 1}).fit(data)
    assert np.isnan(without.score(Queries.of([[0]]), new)).all()


def test_attributes_need_a_table_of_items():
    with pytest.raises(MissingColumn, match="table of items"):
        SASRec(**TINY, attributes=True).fit(circles())


def test_nobody_with_two_events_teaches_nothing():
    data = Dataset.of(pl.DataFrame({"user_id": [1, 2], "item_id": [1, 2]}))
    with pytest.raises(EmptyData, match="two events"):
        SASRec(**TINY).fit(data)


def test_width_is_shared_among_the_heads():
    with pytest.raises(SettingError, match="multiple of heads"):
        SASRec(width=10, heads=4)


def test_early_stopping_keeps_the_best_epoch():
    figures = []

    def watch(progress):
        if progress.task == "sasrec":
            figures.extend(value for name, value in progress.figures if name == "ndcg@10")

    SASRec(**{**TINY, "patience": 3, "epochs": 30}, validation=0.3).fit(circles(), Run(on_epoch=watch))
    assert figures
    assert max(figures) > 0.9


def test_the_catalog_decides_what_the_softmax_sums_over():
    assert SASRec().sums_over_all(50_000)
    assert not SASRec().sums_over_all(50_001)
    assert SASRec(loss="full").sums_over_all(10**6)
    assert math.isinf(SASRec().gap)


def test_members_are_networks_of_their_own_whose_scores_are_added():
    data = circles()
    model = SASRec(**{**TINY, "epochs": 2}, members=2).fit(data)
    alone = SASRec(**{**TINY, "epochs": 2}).fit(data)
    asked = Queries.of([[1, 2], [5]])
    first, second = (
        Factors("sasrec", N, part, member)
        for part, member in zip(np.split(model.item_vectors, 2, axis=1), model.encoder.members, strict=True)
    )
    np.testing.assert_array_equal(first.score(asked), alone.score(asked))
    assert not np.allclose(first.score(asked), second.score(asked))
    np.testing.assert_allclose(model.score(asked), first.score(asked) + second.score(asked), rtol=1e-5)


def test_members_that_were_stopped_go_on(tmp_path):
    data, settings = circles(), {**TINY, "epochs": 3}

    def stop(progress):
        if progress.task == "sasrec 2 of 2" and progress.done == 2:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        SASRec(**settings, members=2).fit(data, Run(on_epoch=stop, checkpoints=tmp_path))
    seen = []
    again = SASRec(**settings, members=2).fit(
        data, Run(on_epoch=lambda progress: seen.append(progress.task), checkpoints=tmp_path)
    )
    whole = SASRec(**settings, members=2).fit(data)
    assert "sasrec 1 of 2, epoch 1" not in seen
    np.testing.assert_array_equal(again.item_vectors, whole.item_vectors)
    assert not list(tmp_path.rglob("*.safetensors"))
