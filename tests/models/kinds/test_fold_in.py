"""FoldIn against the normal equations, formed and inverted in float64."""

import numpy as np
import pytest

from regulars.core import DAY, MISSING, Histories, Queries, ints
from regulars.models.kinds.fold_in import FoldIn, ridges_of
from regulars.models.kinds.profile import Profile

N, D = 30, 6


def shop(
    rule: str = "count", half_life_days: float = np.inf, *, pull: float = 1.0, damping: float = 0.0
) -> tuple[FoldIn, np.ndarray]:
    """An encoder among 30 vectors, of which the last is unknown."""
    random = np.random.default_rng(0)
    vectors = random.standard_normal((N, D)).astype(np.float32)
    vectors[-1] = np.nan
    spectrum = np.linspace(0.1, 3, D, dtype=np.float32)
    pulls = np.full(N, pull, dtype=np.float32)
    return FoldIn(spectrum, 2.5, 0.3, 0.5, pulls, damping, Profile(rule, half_life_days)), vectors


def inverse(encoder: FoldIn, vectors: np.ndarray, items: list[int], weights: list[float]) -> np.ndarray:
    """W^u of Hu, Koren, Volinsky, eq. 7."""
    met = vectors[items].astype(float)
    ridge = encoder.regularization * (len(items) + encoder.mass) ** encoder.power
    return np.linalg.inv((met.T * weights) @ met + np.diag(encoder.spectrum + ridge))


def test_a_vector_solves_the_normal_equations_of_its_history():
    encoder, vectors = shop()
    rows, weights = [[3, 4, 9], list(range(20))], [[1.0, 0.5, 3.0], list(np.linspace(0.2, 5, 20))]
    found = encoder.encode(Queries.of(Histories.of(rows, weights=weights)), vectors)
    for row, (items, amounts) in enumerate(zip(rows, weights, strict=True)):
        wanted = inverse(encoder, vectors, items, amounts) @ (vectors[items].T @ amounts)
        np.testing.assert_allclose(found[row], wanted, rtol=2e-4, atol=1e-5)


def test_events_of_one_item_add_up_and_a_return_takes_its_purchase_back():
    encoder, vectors = shop()
    history = Histories.of([[3, 4, 3, 7, 7], [3, 4]], weights=[[1, 2, 0.5, 1, -1], [1.5, 2]])
    twice, once = encoder.encode(Queries.of(history), vectors)
    np.testing.assert_array_equal(twice, once)


def test_old_events_weigh_less():
    encoder, vectors = shop(half_life_days=1.0)
    times = [[1_000_000, 1_000_000 - 2 * DAY]]
    asked = Queries.of(Histories.of([[3, 4]], times=times), times=1_000_000)
    alike = Queries.of(Histories.of([[3, 4]], weights=[[1, 0.25]]))
    plain, _ = shop()
    np.testing.assert_allclose(encoder.encode(asked, vectors), plain.encode(alike, vectors), rtol=1e-6)


def test_weights_are_pulled_by_the_item_and_damped_by_the_number_of_items():
    louder, vectors = shop(pull=3.0, damping=0.5)
    plain, _ = shop()
    found = louder.encode(Queries.of([[3, 4, 5, 5, N - 1]]), vectors)
    alike = Histories.of([[3, 4, 5]], weights=[[3 / 3**0.5, 3 / 3**0.5, 6 / 3**0.5]])
    np.testing.assert_allclose(found, plain.encode(Queries.of(alike), vectors), rtol=1e-5)


def test_who_has_nothing_known_has_no_vector():
    encoder, vectors = shop()
    rows = [[], [N - 1], [N, N + 5, MISSING], [3]]
    found = np.isnan(encoder.encode(Queries.of(rows), vectors))
    assert found.all(axis=1).tolist() == [True, True, True, False]
    assert not found[3].any()


def test_what_has_no_vector_changes_nothing():
    encoder, vectors = shop()
    found = encoder.encode(Queries.of([[3, 4], [3, N - 1, N + 7, 4, MISSING]]), vectors)
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("length", [1, 4, D, 20])
def test_contributions_are_those_of_the_inverse_and_add_up_to_the_score(length):
    """By the system of the history's size, and by that of the vectors', which is smaller for the longest."""
    encoder, vectors = shop()
    items = list(range(3, 3 + length))
    weights = np.linspace(0.5, 2, length).tolist()
    queries = Queries.of(Histories.of([items], weights=[weights]))
    answers = ints([[1, 25, MISSING]])
    starts, told, added = encoder.contributions(queries, vectors, answers)
    wanted = inverse(encoder, vectors, items, weights)
    for place, answer in enumerate([1, 25]):
        by_hand = [w * vectors[answer] @ wanted @ vectors[j] for j, w in zip(items, weights, strict=True)]
        np.testing.assert_allclose(added[:, place], by_hand, rtol=1e-4, atol=1e-6)
    assert starts.tolist() == [0, length]
    assert told.tolist() == items
    scores = encoder.encode(queries, vectors) @ vectors[[1, 25]].T
    np.testing.assert_allclose(added[:, :2].sum(axis=0), scores[0], rtol=1e-4, atol=1e-6)
    assert not added[:, 2].any()


def test_ridges_grow_with_what_was_met():
    np.testing.assert_allclose(ridges_of(np.array([0, 5, 95]), 5.0, 2.0, 0.5), 2 * np.sqrt([5, 10, 100]), rtol=1e-6)
