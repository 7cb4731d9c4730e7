"""SLIST against regressions whose rows are written down one by one."""

import numpy as np
import polars as pl
import pytest

from regulars.core import DAY, Dataset, Histories, Progress, Queries, Run
from regulars.core.errors import SettingError
from regulars.models.slist import SLIST

PAST, AHEAD = 0.5 ** (1 / 2), 0.5 ** (1 / 3)  # a step earlier, with the half-lives of `plain`


def plain(**settings: object) -> SLIST:
    return SLIST(**{"regularization": 2.0, "half_life_steps": 2.0, "ahead_steps": 3.0, **settings})  # type: ignore[arg-type]


def shop(seed: int = 0, n_users: int = 40, n_items: int = 9) -> Dataset:
    """Histories of 1 to 8 steps, a day apart; one step in four is a basket, and items are met again."""
    random = np.random.default_rng(seed)
    chances = np.linspace(1, 3, n_items) / np.linspace(1, 3, n_items).sum()
    rows = []
    for user in range(n_users):
        for day in range(random.integers(1, 9)):
            basket = random.choice(n_items, size=1 + int(random.random() < 0.25), replace=False, p=chances)
            rows += [(user, item, day * DAY) for item in basket]
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time"], orient="row"))


def beginnings(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The rows of S and T, past and future of each history at each of its cuts."""
    before, after = [], []
    for user in range(data.n_users):
        own = data.user == user
        items, days = data.item[own], (data.time[own] - data.time[own].min()) // DAY
        for cut in range(int(days.max())):
            s, t = np.zeros(data.n_items), np.zeros(data.n_items)
            for item, day in zip(items, days, strict=True):
                if day <= cut:
                    s[item] += PAST ** (cut - day)
                else:
                    t[item] += AHEAD ** (day - cut - 1)
            before.append(s)
            after.append(t)
    return np.array(before), np.array(after)


def loss(weights: np.ndarray, data: Dataset, whole: float, regularization: float) -> float:
    """What SLIST minimizes, from its definition."""
    x = (data.matrix().toarray() > 0).astype(float)
    s, t = beginnings(data)
    fit = whole * np.square(x - x @ weights).sum() + (1 - whole) * np.square(t - s @ weights).sum()
    return float(fit + regularization * np.square(weights).sum())


def test_the_next_items_are_a_ridge_regression_on_what_was_done_before() -> None:
    data = shop()
    s, t = beginnings(data)
    expected = np.linalg.solve(s.T @ s + 2.0 * np.eye(data.n_items), s.T @ t)
    assert expected.diagonal().max() < 1
    model = plain(whole=0.0, own=1.0).fit(data)
    np.testing.assert_allclose(model.weights, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("own", [0.0, 0.2])
def test_no_other_weights_under_the_cap_fit_better(own: float) -> None:
    data = shop()
    weights = plain(whole=0.4, own=own).fit(data).weights.astype(float)
    assert weights.diagonal().max() <= own + 1e-6
    best = loss(weights, data, 0.4, 2.0)
    random = np.random.default_rng(1)
    for _ in range(50):
        change = 0.01 * random.standard_normal(weights.shape)
        np.fill_diagonal(change, -np.abs(change.diagonal()))
        assert loss(weights + change, data, 0.4, 2.0) > best


def test_a_log_without_times_leaves_the_whole_histories_and_so_ease() -> None:
    from regulars.models.ease import EASE

    data = shop()
    timeless = Dataset.of(pl.DataFrame({"user_id": data.user, "item_id": data.item}))
    model = plain(whole=1.0, regularization=5.0).fit(timeless)
    ease = EASE(regularization=5.0).fit(timeless)
    np.testing.assert_allclose(model.weights, ease.weights, rtol=1e-3, atol=1e-5)


def test_two_steps_worked_by_hand() -> None:
    # three customers go from a to b: S'S = 3 at (a, a), S'T = 3 at (a, b), so that B[a, b] = 3 / (3 + 1)
    events = pl.DataFrame({"user_id": [1, 1, 2, 2, 3, 3], "item_id": ["a", "b"] * 3, "time": [0, 1] * 3})
    model = plain(whole=0.0, regularization=1.0).fit(Dataset.of(events))
    np.testing.assert_allclose(model.weights, [[0, 3 / 4], [0, 0]], rtol=1e-6)
    asked = Queries.of(Histories.of([[0], [0, 1]], times=[[0], [0, 1]]))
    np.testing.assert_allclose(model.score(asked)[:, 1], [3 / 4, 3 / 4 * PAST], rtol=1e-6)


def test_old_steps_and_busy_customers_say_less() -> None:
    events = pl.DataFrame(
        {"user_id": [1, 1, 2, 2, 2], "item_id": list("abaca"), "time": [0, 0 + 1, 2 * DAY, 2 * DAY + 1, 2 * DAY + 2]}
    )
    data = Dataset.of(events)
    model = plain(whole=0.0, regularization=1e4, half_life_days=1.0, activity=1.0).fit(data)
    a, b, c = data.items.index(["a", "b", "c"])
    # two days old and one of two steps, against now and one of three: the regularization leaves little but S'T
    assert model.weights[a, b] / model.weights[a, c] == pytest.approx((1 / 4 / 2) / (1 / 3), rel=1e-3)


def test_a_regularization_that_float32_cannot_bear_is_refused() -> None:
    n = 2**18  # customers who have both items: a hundredth more makes no difference to float32
    events = pl.DataFrame({"user_id": np.tile(np.arange(n), 2), "item_id": np.repeat([0, 1], n)})
    with pytest.raises(SettingError, match="too small"):
        plain(whole=1.0, regularization=0.01).fit(Dataset.of(events))


def test_progress_is_told_until_the_last_item() -> None:
    seen: list[Progress] = []
    plain().fit(shop(), Run(on_epoch=seen.append))
    assert (seen[-1].done, seen[-1].total) == (9, 9)
