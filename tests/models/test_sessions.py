"""Session methods against the formulas of their papers, computed session by session."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Queries, Run, ints
from regulars.models.kinds.session import Session, tail
from regulars.models.sessions import Sessions
from regulars.models.stan import STAN
from regulars.models.vsknn import VSKNN

HOUR = 3_600
N = 25


def log(seed: int = 0, n: int = 150) -> tuple[Dataset, list[list[int]], list[int]]:
    """Sessions of 2 to 7 events, each of a customer of its own, items repeated now and then; their ends differ."""
    random = np.random.default_rng(seed)
    sessions = [random.integers(0, N, random.integers(2, 8)).tolist() for _ in range(n)]
    ends = (np.sort(random.choice(10_000, n, replace=False)) * 300).tolist()
    rows = [(s, item) for s, items in enumerate(sessions) for item in items]
    times = [ends[s] - 60 * back for s, items in enumerate(sessions) for back in reversed(range(len(items)))]
    data = Dataset.of(
        pl.DataFrame({"user_id": [s for s, _ in rows], "item_id": [f"{i:02}" for _, i in rows], "time": times}),
        items=pl.DataFrame({"item_id": [f"{i:02}" for i in range(N)]}),
    )
    places = {item: place for place, item in enumerate(data.items.ids.to_list())}
    return data, [[places[f"{i:02}"] for i in items] for items in sessions], ends


def place(items: list[int], item: int) -> int:
    """Where an item was met last, from 1."""
    return len(items) - items[::-1].index(item)


def plain(
    now: list[int], asked: int, past: list[list[int]], ends: list[int], k: int, sample: int, *, weight, divide, vote
) -> np.ndarray:
    """weight(place, length) of an item; divide(now, n, age) a similarity; vote(n, newest, item) -> float."""
    met = [s for s in range(len(past)) if set(past[s]) & set(now)][-sample:]
    similar = []
    for s in met:
        common = set(past[s]) & set(now)
        total = sum(weight(place(now, item), len(now)) for item in common)
        similar.append((divide(total, now, past[s], asked - ends[s]), s))
    scores = np.full(N, np.nan)
    for similarity, s in sorted(similar, reverse=True)[:k]:
        newest = max(set(past[s]) & set(now), key=lambda item: place(now, item))
        for item in set(past[s]):
            scores[item] = np.nan_to_num(scores[item]) + similarity * vote(now, past[s], newest, item)
    return scores


QUESTIONS = [[3], [3, 7, 1], [5, 5, 2, 9], [11, 4, 11, 8, 20, 13, 2]]


@pytest.mark.parametrize(("k", "sample"), [(5, 10), (20, 40), (500, 500)])
def test_stan_is_the_formula_of_the_paper(k, sample):
    data, past, ends = log()
    asked = 3_100_000
    settings = {"position_half_life": 1.5, "recency_half_life_days": 9.0, "distance_half_life": 2.5}
    published = {"idf": 0.0, "length": 0.5}
    lambdas = [1.5 / math.log(2), 9.0 * DAY / math.log(2), 2.5 / math.log(2)]
    scores = STAN(k, sample, **settings, **published).fit(data).score(Queries.of(QUESTIONS, times=asked))
    for row, now in enumerate(QUESTIONS):
        expected = plain(
            now,
            asked,
            past,
            ends,
            k,
            sample,
            weight=lambda p, n: math.exp(-(n - p) / lambdas[0]),
            divide=lambda total, s, n, age: total / math.sqrt(len(set(s)) * len(set(n))) * math.exp(-age / lambdas[1]),
            vote=lambda s, n, newest, item: math.exp(-abs(place(n, item) - place(n, newest)) / lambdas[2]),
        )
        np.testing.assert_allclose(scores[row], expected, rtol=1e-4)


@pytest.mark.parametrize("idf", [0.0, 2.0])
def test_vsknn_is_the_dot_product_of_weighted_clicks_whose_votes_fade_with_the_last_match(idf):
    data, past, ends = log(1)
    model = VSKNN(500, 500, weighting="div", step_decay="div", idf=idf, length=0.0).fit(data)
    scores = model.score(Queries.of(QUESTIONS, times=3_100_000))
    met = [sum(item in items for items in past) for item in range(N)]
    for row, now in enumerate(QUESTIONS):
        expected = plain(
            now,
            0,
            past,
            ends,
            500,
            500,
            weight=lambda p, n: p / n,
            divide=lambda total, s, n, age: total,
            vote=lambda s, n, newest, item: (
                (1 + idf * math.log(len(past) / met[item])) / (1 + len(s) - place(s, newest))
            ),
        )
        np.testing.assert_allclose(scores[row], expected, rtol=1e-5)


def test_of_equally_similar_sessions_the_newer_ones_vote():
    events = pl.DataFrame(
        {
            "user_id": [1, 1, 2, 2, 3, 3],
            "item_id": ["a", "b", "a", "c", "a", "d"],
            "time": [0, 1, 20, 21, 10, 11],
        }
    )
    scores = VSKNN(2, 10, idf=0.0).fit(Dataset.of(events)).score(Queries.of([[0]]))
    assert np.isnan(scores[0]).tolist() == [False, True, False, False]


def test_a_log_is_cut_at_its_pauses_and_lone_events_and_returns_are_left_out():
    events = pl.DataFrame(
        {
            "user_id": [1, 1, 1, 1, 1, 2, 2, 2],
            "item_id": ["a", "b", "a", "c", "d", "a", "b", "c"],
            "time": [0, HOUR, HOUR + 60, 3 * HOUR, 3 * HOUR + 1, 0, 1, 2],
            "weight": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0],
        }
    )
    past = Sessions.of(Dataset.of(events), 1_800)
    assert past.starts.tolist() == [0, 2, 4, 6]
    assert past.items.tolist() == [0, 1, 1, 0, 2, 3]  # in the order of their ends
    assert past.times.tolist() == [1, HOUR + 60, 3 * HOUR + 1]
    whole = Sessions.of(Dataset.of(events), math.inf)
    assert whole.items.tolist() == [0, 1, 1, 0, 2, 3]
    assert whole.positions.tolist() == [0, 1, 1, 2, 3, 4]  # a repeated item stands where it was met last


def test_the_current_session_is_what_came_after_the_last_pause():
    history = Histories.of([[1, 2, 3], [], [4], [5, 6]], times=[[0, HOUR, HOUR + 5], [], [10**6], [HOUR, HOUR + 1_800]])
    current = tail(history, 1_800)
    assert current.starts.tolist() == [0, 2, 2, 3, 5]
    assert current.items.tolist() == [2, 3, 4, 5, 6]
    assert tail(history, math.inf).items.tolist() == history.items.tolist()


def test_an_item_weighs_by_its_newest_event_in_the_session():
    starts, items, weights, steps = Session(math.inf, 200, "linear", 10.0).of(Histories.of([[4, 7, 4], [1] * 12]), 9)
    assert starts.tolist() == [0, 2, 3]
    assert items.tolist() == [7, 4, 1]
    assert steps.tolist() == [1, 0, 0]
    np.testing.assert_allclose(weights, [0.9, 1, 1])


def test_reasons_are_what_the_voting_sessions_share_with_the_current_one():
    events = pl.DataFrame({"user_id": [1, 1, 1, 2, 2], "item_id": ["a", "b", "c", "b", "d"], "time": [0, 1, 2, 10, 11]})
    model = VSKNN(weighting="div", idf=0.0).fit(Dataset.of(events))
    queries = Queries.of([[0, 1]])
    answer = model.recommend(queries, 4)
    reasons = model.because(queries, answer, 2)
    at = {item: place for place, item in enumerate(answer.items[0].tolist())}
    # c is voted for by session 1, of whose similarity 1/2 + 1 item b has two thirds; d by session 2 alone
    assert reasons.items[0, at[2]].tolist() == [1, 0]
    np.testing.assert_allclose(reasons.shares[0, at[2]], [2 / 3, 1 / 3], rtol=1e-6)
    assert reasons.items[0, at[3]].tolist() == [1, -1]


def test_threads_and_batches_change_nothing():
    data, past, _ = log(2)
    model = STAN(10, 30).fit(data, Run(threads=2))
    queries = Queries.of([items[: 1 + at % 5] for at, items in enumerate(past * 3)], times=3_100_000)
    together = model.recommend(queries, 5)
    for row in (0, 7, 200, 449):
        alone = model.recommend(queries[ints([row])], 5)
        np.testing.assert_array_equal(alone.items[0], together.items[row])
        np.testing.assert_array_equal(alone.scores[0], together.scores[row])
