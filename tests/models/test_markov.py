"""Markov chains against transitions counted by hand and one by one."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Queries, Run
from regulars.models.kinds import SparseItemItem
from regulars.models.markov import Markov


def plain(**settings: object) -> Markov:
    """The textbook: shares of the steps that follow directly."""
    textbook = {"reach": 1, "shrinkage": 0.0, "popularity_damping": 0.0, "back": 0.0, "activity": 0.0}
    return Markov(**{**textbook, **settings})  # type: ignore[arg-type]


def dense(model: SparseItemItem) -> np.ndarray:
    weights = np.zeros((model.n_items, model.n_items))
    for item in range(model.n_items):
        row = slice(model.indptr[item], model.indptr[item + 1])
        weights[item, model.indices[row]] = model.data[row]
    return weights


def log(*histories: str, apart: int = DAY) -> Dataset:
    """One customer per text: a letter is an item, a space ends a step. Items a, b, c, ... are 0, 1, 2, ..."""
    rows = [
        (user, item, step * apart)
        for user, text in enumerate(histories)
        for step, basket in enumerate(text.split())
        for item in basket
    ]
    letters = sorted({item for _, item, _ in rows})
    events = pl.DataFrame([("0", item, 0) for item in letters] + [(str(u + 1), i, t) for u, i, t in rows], orient="row")
    return Dataset.of(events.rename(dict(zip(events.columns, ["user_id", "item_id", "time"], strict=True))))


def test_shares_of_the_steps_that_go_on() -> None:
    weights = dense(plain().fit(log("a b c", "a c", "b c", "c")))
    np.testing.assert_allclose(weights, [[0, 1 / 2, 1 / 2], [0, 0, 1], [0, 0, 0]], rtol=1e-6)


def test_every_item_of_a_basket_leads_to_every_item_of_the_next() -> None:
    weights = dense(plain().fit(log("ab cd", "b d")))
    np.testing.assert_allclose(weights[0], [0, 0, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(weights[1], [0, 0, 1 / 2, 1], rtol=1e-6)
    assert not weights[2:].any()


def test_skips_weigh_less_with_every_step() -> None:
    weights = dense(plain(reach=2, ahead_steps=1.0).fit(log("a b c d")))
    np.testing.assert_allclose(weights[0], [0, 1, 1 / 2, 0], rtol=1e-6)


def test_shrinkage_doubts_rare_items_and_damping_popular_answers() -> None:
    data = log("a b", "a b", "c b", "c d")
    shrunk = dense(plain(shrinkage=2.0).fit(data))
    np.testing.assert_allclose([shrunk[0, 1], shrunk[2, 1]], [2 / (2 + 2), 1 / (2 + 2)], rtol=1e-6)
    damped = dense(plain(popularity_damping=1.0).fit(data))
    np.testing.assert_allclose([damped[2, 1], damped[2, 3]], [1 / (2 * 3), 1 / (2 * 1)], rtol=1e-6)


def test_old_steps_and_busy_customers_say_less() -> None:
    data = log("a b", "a c d")
    faded = dense(plain(half_life_days=1.0).fit(data))
    # the log ends on day 2: both cuts after a are two days old
    np.testing.assert_allclose(faded[0], [0, 1 / 2, 1 / 2, 0], rtol=1e-6)
    active = dense(plain(activity=1.0).fit(data))
    np.testing.assert_allclose(active[0], [0, (1 / 2) / (5 / 6), (1 / 3) / (5 / 6), 0], rtol=1e-6)


def test_the_answer_mixes_the_chains_of_the_last_steps() -> None:
    model = plain(half_life_steps=0.5).fit(log("a b", "c d"))
    asked = Queries.of(Histories.of([[0, 2], [0, 2]], times=[[0, 1], [5, 5]]))
    np.testing.assert_allclose(model.score(asked)[:, [1, 3]], [[1 / 4, 1], [1, 1]], rtol=1e-6)


def test_only_the_strongest_transitions_are_kept() -> None:
    data = log("a b", "a b", "a b", "a c", "a c", "a d")
    assert dense(plain(neighbors=2).fit(data))[0] == pytest.approx([0, 3 / 6, 2 / 6, 0])


@pytest.mark.parametrize("back", [0.0, 0.3])
def test_all_counts_are_those_of_plain_loops(back: float) -> None:
    random = np.random.default_rng(0)
    letters = list("abcdef")
    texts = [
        " ".join("".join(random.permutation(letters)[: random.integers(1, 4)]) for _ in range(random.integers(1, 6)))
        for _ in range(30)
    ]
    counts, leaves, comes = np.zeros((6, 6)), np.zeros(6), np.zeros(6)
    for text in texts:
        steps = [[ord(letter) - ord("a") for letter in basket] for basket in text.split()]
        for at, basket in enumerate(steps[:-1]):
            leaves[basket] += 1
            for gap, later in enumerate(steps[at + 1 : at + 4]):
                comes[later] += 0.5 ** (gap / 2)
                for item in basket:
                    counts[item, later] += 0.5 ** (gap / 2)
    counts += back * counts.T
    np.fill_diagonal(counts, 0)
    left, right = leaves + back * comes, np.sqrt(comes + back * leaves)
    settings = {"reach": 3, "ahead_steps": 2.0, "shrinkage": 1.0, "popularity_damping": 0.5}
    model = plain(back=back, **settings).fit(log(*texts))
    np.testing.assert_allclose(dense(model), counts / (np.outer(left, right) + 1), rtol=1e-5)


def test_threads_change_nothing() -> None:
    data = log("ab c d", "b a d c", "d c b a", "c a", "a d b")
    one, two = (plain(reach=2).fit(data, Run(threads=threads)) for threads in (1, 2))
    np.testing.assert_array_equal(one.indices, two.indices)
    np.testing.assert_array_equal(one.data, two.data)
