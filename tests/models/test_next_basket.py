"""Next-basket methods against cases worked by hand and against plain matrix arithmetic."""

import math

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Queries, Run
from regulars.core.errors import EmptyData, SettingError
from regulars.models import TIFUKNN, UPCF, BasketRidge, GPTopFreq
from regulars.models.basket_ridge import examples
from regulars.models.kinds.basket_profile import BasketProfile

A, B, C, D, E = range(5)


def log(baskets: dict[int, list[str]]) -> Dataset:
    """Each customer's baskets, a day apart; a basket is a word whose letters are items."""
    rows = [
        {"user_id": user, "item_id": item, "time": day * DAY}
        for user, words in baskets.items()
        for day, word in enumerate(words)
        for item in word
    ]
    return Dataset.of(pl.DataFrame(rows), items=pl.DataFrame({"item_id": list("abcde")}))


SHOP = log({1: ["ab", "ac", "a"], 2: ["b", "bd"], 3: ["ce", "c"]})


def asked(data: Dataset, *words: str) -> Queries:
    """A stranger with these baskets."""
    items = [int(data.items.index([item])[0]) for word in words for item in word]
    times = [day * DAY for day, word in enumerate(words) for _ in word]
    return Queries.of(Histories.of([items], times=[times]))


def random_shop(seed: int = 0) -> Dataset:
    """40 customers with 1 to 9 baskets of 15 items."""
    random = np.random.default_rng(seed)
    rows = [
        {"user_id": user, "item_id": int(item), "time": day * DAY}
        for user in range(40)
        for day in range(random.integers(1, 10))
        for item in random.choice(15, random.integers(1, 5), replace=False)
    ]
    return Dataset.of(pl.DataFrame(rows))


def baskets_of(data: Dataset) -> list[list[np.ndarray]]:
    """The items of each basket of each customer."""
    rows = [(data.user == user) for user in range(data.n_users)]
    return [[data.item[row & (data.time == time)] for time in np.unique(data.time[row])] for row in rows]


# ---- what a history weighs


def test_baskets_fade_by_their_number_whatever_time_lies_between() -> None:
    data = log({1: ["ab", "ac", "a"]})
    weights = BasketProfile(fading=0.5).of(data.histories(), 5).toarray()
    np.testing.assert_allclose(weights[0], [0.25 + 0.5 + 1, 0.25, 0.5, 0, 0])


def test_a_basket_counts_once_however_many_it_holds_and_not_at_all_when_all_was_returned() -> None:
    history = Histories.of([[A, A, B, C, B]], times=[[0, 0, 0, DAY, 2 * DAY]], weights=[[3.0, 1.0, 1.0, 2.0, -1.0]])
    np.testing.assert_array_equal(BasketProfile().of(history, 3).toarray(), [[1, 0, 1]])


def test_groups_of_equal_size_the_longer_ones_last() -> None:
    # five baskets in two groups: a b | c d e; each averaged, the older group halved, then the mean of both
    data = log({1: list("abcde")})
    weights = BasketProfile(groups=2, between=0.5, mean=True).of(data.histories(), 5).toarray()[0]
    np.testing.assert_allclose(weights, [0.5 / 2 / 2, 0.5 / 2 / 2, 1 / 3 / 2, 1 / 3 / 2, 1 / 3 / 2], rtol=1e-6)


def test_fewer_baskets_than_groups_are_a_group_each_counted_from_the_oldest() -> None:
    data = log({1: ["a", "b"]})
    weights = BasketProfile(groups=4, between=0.5, mean=True).of(data.histories(), 5).toarray()[0]
    np.testing.assert_allclose(weights[:2], [0.5**3 / 2, 0.5**2 / 2])


def test_only_the_newest_baskets_share_a_habit() -> None:
    data = log({1: ["ab", "ac", "a"]})
    weights = BasketProfile(newest=2, mean=True).of(data.histories(), 5).toarray()[0]
    np.testing.assert_allclose(weights, [1, 0, 0.5, 0, 0])


# ---- the methods


def test_tifu_is_that_of_its_authors() -> None:
    """The vectors and means of the paper, written with plain loops."""
    data, groups, within, between, own, k = random_shop(), 4, 0.8, 0.6, 0.7, 7
    vectors = np.zeros((data.n_users, data.n_items))
    for user, baskets in enumerate(baskets_of(data)):
        n = len(baskets)
        parts = np.array_split(np.arange(n), min(groups, n))
        if n >= groups:  # numpy puts the longer parts first
            parts = [n - 1 - part[::-1] for part in parts[::-1]]
        for place, part in enumerate(parts):
            for at in part:
                vectors[user, baskets[at]] += within ** (n - 1 - at) * between ** (groups - 1 - place) / len(part)
        vectors[user] /= len(parts)
    far = ((vectors[:, np.newaxis] - vectors) ** 2).sum(axis=2)
    near = np.argsort(far, axis=1, kind="stable")[:, :k]
    expected = own * vectors + (1 - own) * vectors[near].mean(axis=1)
    scores = TIFUKNN(k, within, between, own, groups).fit(data).score(data.everyone())
    np.testing.assert_allclose(np.nan_to_num(scores), expected, rtol=1e-4, atol=1e-6)


def test_up_cf_is_shares_of_baskets_times_powers_of_an_asymmetric_cosine() -> None:
    data, recency, alpha, power, shrinkage = random_shop(1), 3, 0.75, 2.0, 0.5
    counts, shares = np.zeros((2, data.n_users, data.n_items))
    for user, baskets in enumerate(baskets_of(data)):
        for at, basket in enumerate(baskets):
            counts[user, basket] += 1
            shares[user, basket] += (at >= len(baskets) - recency) / min(recency, len(baskets))
    squares = (counts**2).sum(axis=1)
    alike = counts @ counts.T / (np.outer(squares**alpha, squares ** (1 - alpha)) + shrinkage)
    expected = shares + alike**power @ shares
    scores = UPCF(recency, alpha, power, 40, shrinkage).fit(data).score(data.everyone())
    np.testing.assert_allclose(np.nan_to_num(scores), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("targets", [1, 3])
def test_the_ridge_is_that_of_the_normal_equations(targets: int) -> None:
    data, strength = random_shop(2), 3.0
    given, wanted = examples(data, BasketProfile(0.9, log=True), targets)
    x, y = given.toarray().astype(np.float64), wanted.toarray().astype(np.float64)
    x1 = np.column_stack([x, np.full(len(x), 30.0)])
    b = np.linalg.solve(x1.T @ x1 + strength * np.eye(16), x1.T @ y)
    model = BasketRidge(strength, own=0.2, targets=targets, activity=0.0).fit(data)
    history = BasketProfile(0.9, log=True).of(data.histories(), 15).toarray()
    expected = history @ b[:-1] + 30 * b[-1] + 0.2 * history
    np.testing.assert_allclose(model.score(data.everyone()), expected, rtol=1e-3, atol=1e-4)


def test_large_baskets_may_have_less_to_say() -> None:
    data = random_shop(4)
    x, y = (part.toarray().astype(np.float64) for part in examples(data, BasketProfile(0.9, log=True), 1))
    says = np.diag(y.sum(axis=1) ** -0.5)
    x1 = np.column_stack([x, np.full(len(x), 30.0)])
    b = np.linalg.solve(x1.T @ says @ x1 + 2 * np.eye(16), x1.T @ says @ y)
    model = BasketRidge(2.0, own=0.0, activity=0.5).fit(data)
    np.testing.assert_allclose(model.weights, b[:-1], rtol=1e-3, atol=1e-4)


def test_few_examples_are_solved_from_their_side_with_the_same_answer() -> None:
    data = SHOP  # 3 examples, 5 items
    x, y = (part.toarray().astype(np.float64) for part in examples(data, BasketProfile(0.9, log=True), 1))
    x1 = np.column_stack([x, np.full(len(x), 30.0)])
    b = np.linalg.solve(x1.T @ x1 + np.eye(6), x1.T @ y)
    model = BasketRidge(1.0, own=0.0, activity=0.0).fit(data)
    query = asked(data, "ab", "ac")
    expected = BasketProfile(0.9, log=True).of(query.history, 5).toarray() @ b[:-1] + 30 * b[-1]
    np.testing.assert_allclose(model.score(query), expected, rtol=1e-3, atol=1e-4)


def test_an_example_is_a_history_and_the_basket_after_it() -> None:
    given, wanted = examples(SHOP, BasketProfile(), 2)
    # the last baskets of all three, then the only last but one that something came before
    np.testing.assert_array_equal(given.toarray(), [[2, 1, 1, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 1], [1, 1, 0, 0, 0]])
    np.testing.assert_array_equal(
        wanted.toarray(), [[1, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [1, 0, 1, 0, 0]]
    )


def test_an_item_without_weights_is_still_bought_again() -> None:
    model = BasketRidge(own=0.5, fading=1.0, max_items=2).fit(SHOP)
    rare = int(SHOP.items.index(["e"])[0])
    score = model.score(asked(SHOP, "e", "e"))[0, rare]
    assert score == pytest.approx(0.5 * math.log(3))
    reasons = model.because(asked(SHOP, "e", "e"), model.recommend(asked(SHOP, "e", "e"), 5))
    assert rare in reasons.items


def test_own_habits_come_first_and_their_ties_fall_to_what_more_customers_have() -> None:
    model = GPTopFreq().fit(SHOP)
    answer = model.recommend(asked(SHOP, "ed", "d", "b"), 5)
    names = SHOP.items.names(answer.items[0]).to_list()
    assert names[0] == "d"  # twice
    assert names[1:3] == ["b", "e"]  # once each; b has two customers, e one
    assert names[3] == "c"  # new: c has two customers, a one


def test_whoever_votes_for_an_answer_is_explained_by_what_is_in_common() -> None:
    model = TIFUKNN(neighbors=3, own=0.5, groups=1).fit(SHOP)
    query = asked(SHOP, "b")
    answer = model.recommend(query, 5)
    reasons = model.because(query, answer)
    place = SHOP.items.names(answer.items[0]).to_list()
    b = int(SHOP.items.index(["b"])[0])
    assert reasons.items[0, place.index("d")].tolist() == [b, -1, -1]
    assert reasons.items[0, place.index("e")].tolist() == [-1, -1, -1]  # of a neighbor with nothing in common


def test_a_ridge_says_what_it_needs() -> None:
    with pytest.raises(EmptyData, match="has bought twice"):
        BasketRidge().fit(log({1: ["ab"], 2: ["c"]}))
    with pytest.raises(SettingError, match="regularization must be"):
        BasketRidge(regularization=0.0)


def test_threads_change_nothing() -> None:
    data = random_shop(3)
    for method in (TIFUKNN(5), UPCF(), BasketRidge(5.0)):
        one, two = (method.fit(data, Run(threads=n)).recommend(data.everyone(), 5) for n in (1, 2))
        np.testing.assert_array_equal(one.items, two.items)
