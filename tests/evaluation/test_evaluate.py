"""evaluate(): the questions of a split, asked block by block, judged by one rule for all."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from regulars.core import MISSING, Allowed, Dataset, Histories, Queries, Recommendations, Run, floats, ints
from regulars.core.errors import EmptyData, SettingError
from regulars.evaluation import Split, TimeSplit, evaluate, judge
from regulars.ranking import Only, Unseen

TRAIN = Dataset.of(
    pl.DataFrame([(u, i) for u in range(3) for i in range(6)], schema=["user_id", "item_id"], orient="row")
)


@dataclass(frozen=True)
class Lists:
    """Answers with given lists, whoever asks: row i of a table that the customer's index picks."""

    items: list
    scores: list

    def recommend(self, queries, k, allowed=None):
        items = np.full((len(queries), k), MISSING, dtype=np.int32)
        scores = np.full((len(queries), k), np.nan, dtype=np.float32)
        for row, user in enumerate(queries.users):
            n = min(k, len(self.items[user]))
            items[row, :n], scores[row, :n] = self.items[user][:n], self.scores[user][:n]
        return Recommendations(items, scores)


@dataclass(frozen=True)
class Constant:
    """Scores everything alike and so lists the lowest indices that are allowed."""

    n_items: int

    def recommend(self, queries, k, allowed=None):
        may = (allowed or Allowed()).dense(len(queries), self.n_items)
        order = np.argsort(~may, axis=1, kind="stable")[:, :k]
        there = np.take_along_axis(may, order, axis=1)
        answer = Recommendations(ints(np.where(there, order, MISSING)), floats(np.where(there, 1.0, np.nan)))
        fill = ((0, 0), (0, k - answer.k))
        return Recommendations(
            np.pad(answer.items, fill, constant_values=MISSING), np.pad(answer.scores, fill, constant_values=np.nan)
        )


def by_hand(wanted, histories=None):
    n = len(wanted)
    queries = Queries.of(Histories.of(histories or [[]] * n), users=ints(range(n)))
    return Split("by hand", TRAIN, queries, Histories.of(wanted))


def test_figures_slices_and_catalog_of_three_customers_by_hand():
    split = by_hand([[0, 1], [5], []], [[1], [], []])
    lists = Lists([[0, 1, 2], [3, 5, 4], [0, 1, 2]], [[9.0, 8.0, 7.0]] * 3)
    result = evaluate(lists, split, k=(2, 1))
    assert result.figures["recall@2"].tolist() == pytest.approx([1, 1, np.nan], nan_ok=True)
    assert result.figures["recall@1"].tolist() == pytest.approx([0.5, 0, np.nan], nan_ok=True)
    assert result.means["mrr@2"] == pytest.approx((1 + 1 / 2) / 2)
    assert result.slices["repeat", "repeat", "recall@2"].tolist() == pytest.approx([1, np.nan, np.nan], nan_ok=True)
    assert result.slices["repeat", "explore", "recall@2"].tolist() == pytest.approx([1, 1, np.nan], nan_ok=True)
    assert result.slices["repeat", "explore", "ndcg@2"].tolist()[1] == pytest.approx(1 / np.log2(3))
    assert result.catalog["coverage@1"] == 2 / 6
    assert result.catalog["coverage@2"] == 4 / 6


def test_a_constant_score_never_gets_more_than_chance():
    rng = np.random.default_rng(0)
    wanted = [rng.choice(6, 2, replace=False) for _ in range(3)]
    for k in (1, 2, 5):
        assert evaluate(Constant(6), by_hand(wanted), k=(k,)).means[f"recall@{k}"] == 0
    whole = evaluate(Constant(6), by_hand(wanted), k=(6,))  # the whole catalog is shown: nothing is left to hide in
    assert whole.means["recall@6"] == 1
    assert whole.figures["mrr@6"].tolist() == pytest.approx([1 / 5] * 3)


def test_a_list_that_ends_early_gets_nothing_for_its_empty_places():
    split = by_hand([[0, 1], [0, 1], [0, 1]])
    short = evaluate(Lists([[0]] * 3, [[1.0]] * 3), split, k=(4,))
    assert short.means["precision@4"] == pytest.approx(1 / 4)
    assert short.catalog["filled@4"] == pytest.approx(1 / 4)


def test_filters_and_candidates_reach_the_recommender_together():
    split = by_hand([[3], [3], [3]], [[1], [2], []])
    narrow = Split(split.name, split.train, split.queries, split.wanted, Allowed(np.array([[1, 1, 1, 1, 0, 0]], bool)))
    seen = []

    class Spy:
        def recommend(self, queries, k, allowed=None):
            seen.append(allowed.dense(len(queries), 6))
            return Constant(6).recommend(queries, k, allowed)

    result = evaluate(Spy(), narrow, k=(1,), filters=[Unseen(), Only.of(ints([1, 2, 3, 4]), 6)])
    assert "by hand: 3 customers" in result.protocol
    assert "filtered by Unseen and Only" in result.protocol
    assert np.concatenate(seen).tolist() == [
        [False, False, True, True, False, False],
        [False, True, False, True, False, False],
        [False, True, True, True, False, False],
    ]


def test_an_item_beyond_the_catalog_counts_as_wanted_and_is_never_found():
    result = evaluate(Lists([[0, 1, 2]] * 3, [[3.0, 2.0, 1.0]] * 3), by_hand([[0, 99], [99], [0]]), k=(2,))
    assert result.figures["recall@2"].tolist() == [0.5, 0, 1]


def test_blocks_give_the_figures_of_one_piece(monkeypatch):
    rng = np.random.default_rng(1)
    events = rng.integers(0, (40, 30, 1000), (3000, 3))
    data = Dataset.of(pl.DataFrame(events, schema=["user_id", "item_id", "time"], orient="row"))
    split = TimeSplit(days=0.004).cut(data)
    lists = Lists([rng.permutation(30) for _ in range(40)], [np.arange(30, 0, -1) // 2] * 40)
    whole = evaluate(lists, split, k=(10, 3))
    monkeypatch.setattr("regulars.evaluation.judging.block_size", lambda n_items: 7)
    seen = []
    parts = judge(split, k=(10, 3)).evaluate(lists, run=Run(on_epoch=seen.append), task="evaluate lists")
    for name, figures in whole.figures.items():
        np.testing.assert_array_equal(parts.figures[name], figures)
    for key, figures in whole.slices.items():
        np.testing.assert_array_equal(parts.slices[key], figures)
    assert parts.catalog == pytest.approx(whole.catalog, nan_ok=True)
    assert [(p.task, p.done, p.total) for p in seen][-1] == ("evaluate lists", len(split), len(split))
    assert len(seen) == 1 + -(-len(split) // 7)


def test_slices_of_a_partition_share_out_all_hits():
    rng = np.random.default_rng(2)
    wanted = [sorted(rng.choice(6, 3, replace=False)) for _ in range(3)]
    result = evaluate(
        Lists([rng.permutation(6) for _ in range(3)], [[6.0, 5, 4, 3, 2, 1]] * 3),
        by_hand(wanted, [[0, 1], [2], [3, 4, 5]]),
        k=(4,),
    )
    explore = np.nan_to_num(result.slices["repeat", "explore", "recall@4"])
    repeat = np.nan_to_num(result.slices["repeat", "repeat", "recall@4"])
    had = [len(set(w) & set(h)) for w, h in zip(wanted, [[0, 1], [2], [3, 4, 5]], strict=True)]
    hits = result.figures["recall@4"] * 3
    np.testing.assert_allclose(repeat * had + explore * (3 - np.array(had)), hits, rtol=1e-6)


def test_a_metric_of_ones_own_joins_by_name():
    own = {"second": lambda judged: judged.hits[:, 1].astype(np.float32)}
    result = evaluate(Lists([[0, 1, 2]] * 3, [[3.0, 2, 1]] * 3), by_hand([[1], [0], [1]]), k=(2,), metrics=own)
    assert result.figures["second@2"].tolist() == [1, 0, 1]
    assert result.slices == {}


def test_the_table_of_one_evaluation_has_an_interval_for_every_figure():
    table = evaluate(Lists([[0, 1, 2]] * 3, [[3.0, 2, 1]] * 3), by_hand([[1], [0], [1]]), k=(2,)).frame()
    assert table.columns == ["metric", "mean", "low", "high", "customers"]
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
    assert table["customers"].to_list() == [3] * table.height


@pytest.mark.parametrize("k", [(), (0,), (5, -1)])
def test_cut_offs_below_one_are_refused(k):
    with pytest.raises(SettingError, match="at least 1"):
        evaluate(Constant(6), by_hand([[1]]), k=k)


def test_a_split_that_asks_nobody_is_refused():
    with pytest.raises(EmptyData, match="asks nobody"):
        evaluate(Constant(6), by_hand([]))
