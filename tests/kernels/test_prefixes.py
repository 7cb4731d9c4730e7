"""Sums over all beginnings of histories, against rows that are written down one by one."""

import numpy as np
import pytest

from regulars.core import Histories
from regulars.kernels.prefixes import Walks, add_prefixes
from regulars.models.kinds.steps import steps_of

N_ITEMS = 6


def walks(seed: int) -> Walks:
    """Histories of 0 to 9 events, repeats and baskets among them."""
    random = np.random.default_rng(seed)
    lengths = [0, *random.integers(0, 10, size=20)]
    history = Histories.of(
        [random.integers(N_ITEMS, size=n) for n in lengths],
        times=[np.sort(random.integers(6, size=n)) for n in lengths],
        weights=[random.uniform(0.5, 2, size=n) for n in lengths],
    )
    steps = steps_of(history)
    users = history.rows[np.searchsorted(steps, np.arange(steps[-1] + 1))]
    cuts = random.uniform(0.5, 2, size=len(users)) * np.append(users[1:] == users[:-1], False)
    return Walks(history.starts, history.items, history.weights, steps, cuts.astype(np.float32))


def written_down(walks: Walks, past: float, ahead: float) -> tuple[np.ndarray, np.ndarray]:
    """S'WS and S'WT by their definitions, in float64."""
    before, after = np.zeros((len(walks.cuts), N_ITEMS)), np.zeros((len(walks.cuts), N_ITEMS))
    for begin, end in zip(walks.starts[:-1], walks.starts[1:], strict=True):
        for cut in sorted(set(walks.steps[begin:end].tolist()))[:-1]:
            for event in range(begin, end):
                distance = cut - walks.steps[event]
                side, weight = (before, past**distance) if distance >= 0 else (after, ahead ** (-distance - 1))
                side[cut, walks.items[event]] += walks.weights[event] * weight
    weighed = before.T * walks.cuts
    return weighed @ before, weighed @ after


@pytest.mark.parametrize("past", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("ahead", [0.0, 0.3, 1.0])
def test_the_sums_are_those_of_all_cuts_written_down(past: float, ahead: float) -> None:
    given = walks(seed=1)
    gram, right = np.ones((N_ITEMS, N_ITEMS), dtype=np.float32), np.ones((N_ITEMS, N_ITEMS), dtype=np.float32)
    add_prefixes(given, past, ahead, gram, right, threads=2)
    together, next_ = written_down(given, past, ahead)
    np.testing.assert_allclose(np.triu(gram) - np.triu(np.ones_like(gram)), np.triu(together), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(right.T - 1, next_, rtol=1e-4, atol=1e-4)


def test_a_history_of_one_step_has_no_beginning() -> None:
    history = Histories.of([[0, 1, 2]])
    given = Walks(history.starts, history.items, history.weights, steps_of(history), np.zeros(1, dtype=np.float32))
    gram, right = np.zeros((3, 3), dtype=np.float32), np.zeros((3, 3), dtype=np.float32)
    add_prefixes(given, 0.5, 0.5, gram, right, threads=1)
    assert not gram.any()
    assert not right.any()
