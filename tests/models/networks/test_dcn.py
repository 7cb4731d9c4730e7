"""DCN-v2: its layers by hand, its losses by a slow twin, and that it leaves alone what it has never seen."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ranking.test_additive import choices  # noqa: E402
from regulars.core import Run, floats, ints  # noqa: E402
from regulars.kernels.pairs import looked_at  # noqa: E402
from regulars.models.networks.dcn import (  # noqa: E402
    Cross,
    DeepAndCross,
    Design,
    Ranking,
    Teaching,
    _ndcg,
    embedded,
    often_met,
)
from regulars.ranking import DeepRanker  # noqa: E402
from regulars.ranking.table import Lists, Table  # noqa: E402

RUN = Run(threads=1)
SMALL = {"width": 16, "batch": 16, "epochs": 5, "rate": 0.01}


def test_a_cross_layer_of_full_rank_is_the_first_equation_of_the_paper():
    """x0 * (W x + b) + x; W = [[1, 2], [0, 1]], b = [1, 0], x0 = [2, 3], x = [1, 1]: [2 * 4 + 1, 3 * 1 + 1]."""
    cross = Cross(2, 0, 1)
    cross.load_state_dict({"full.weight": torch.tensor([[1.0, 2], [0, 1]]), "full.bias": torch.tensor([1.0, 0])})
    crossed = cross(torch.tensor([[2.0, 3]]), torch.tensor([[1.0, 1]]))
    assert crossed.tolist() == [[9, 4]]


def test_a_mixture_of_experts_is_their_sum_by_the_gate():
    cross = Cross(3, 2, 4)
    first, x = torch.randn(5, 3), torch.randn(5, 3)
    gates = torch.softmax(cross.gate(x), 1)
    mixed = torch.zeros(5, 3)
    for expert in range(4):
        inner = torch.tanh(torch.tanh(x @ cross.down[expert]) @ cross.core[expert])
        mixed += gates[:, [expert]] * (inner @ cross.up[expert])
    torch.testing.assert_close(cross(first, x), first * (mixed + cross.bias) + x)


@pytest.mark.parametrize("loss", ["listwise", "pointwise"])
def test_the_losses_are_those_of_a_slow_twin(loss):
    table = Table(floats(np.random.default_rng(0).normal(size=(7, 2))), np.zeros((7, 0), np.int32))
    lists = Lists(table, np.array([0, 3, 7]), np.array([True, False, False, False, True, True, False]))
    task = Ranking(lists, np.zeros((7, 0), np.int64), DeepAndCross(Design(2, ())), DeepRanker(), Teaching(loss=loss))
    summed, targets = task.loss(np.array([0, 1]), np.random.default_rng(0))
    scores = task.module(torch.from_numpy(table.numbers), torch.zeros(7, 0, dtype=torch.int64)).detach().numpy()
    if loss == "pointwise":
        expected = -np.log(1 / (1 + np.exp(-np.where(lists.wanted, scores, -scores)))).sum()
        assert targets == 7
    else:
        first, second = scores[:3], scores[3:]
        chances = [np.exp(part) / np.exp(part).sum() for part in (first, second)]
        expected = -np.log(chances[0][0]) - (np.log(chances[1][1]) + np.log(chances[1][2])) / 2
        assert targets == 2
    assert float(summed.detach()) == pytest.approx(float(expected), rel=1e-5)


def test_a_step_looks_at_all_that_was_wanted_and_at_some_of_the_rest():
    owners = np.repeat([0, 1, 2], [50, 4, 30])
    wanted = np.zeros(84, dtype=bool)
    wanted[[3, 7, 51, 60, 61]] = True
    kept = looked_at(owners, wanted, 5, np.random.default_rng(0))
    assert set(np.flatnonzero(wanted)) <= set(kept)
    assert np.bincount(owners[kept]).tolist() == [2 + 5, 1 + 3, 2 + 5]
    other = looked_at(owners, wanted, 5, np.random.default_rng(1))
    assert set(kept) != set(other)


def test_ndcg_of_lists_by_hand():
    """Wanted at ranks 1 and 3 of the first list; nothing among the best 10 of the second."""
    scores = floats([3, 2, 1, *range(20, 8, -1)])
    wanted = np.array([True, False, True, *[False] * 11, True])
    figures = _ndcg(scores, np.array([0, 3, 15]), wanted)
    assert figures.tolist() == pytest.approx([(1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3)), 0])


def test_a_number_beyond_those_of_training_counts_as_the_nearest():
    lists, _ = choices(n=100)
    network = DeepRanker(**SMALL).learn(lists, RUN)
    low, high = lists.table.numbers.min(axis=0), lists.table.numbers.max(axis=0)
    ends = network.score(Table.of_numbers(np.stack([low, high])))
    np.testing.assert_allclose(network.score(Table.of_numbers(np.stack([low - 9, high + 9]))), ends, atol=1e-3)


@pytest.mark.parametrize("settings", [{}, {"structure": "stacked"}, {"rank": 0}, {"experts": 2}, {"loss": "pointwise"}])
def test_it_learns_what_chose(settings):
    lists, _ = choices(n=400)
    network = DeepRanker(**SMALL, **settings).learn(lists, RUN)
    unseen, true = choices(seed=1)
    assert np.corrcoef(network.score(unseen.table), true)[0, 1] > 0.9


def test_rare_categories_and_those_of_another_table_share_the_embedding_of_the_unknown():
    codes = ints([[1], [1], [2], [3], [3]])
    lists = Lists(Table(floats(np.zeros((5, 1))), codes), np.array([0, 5]), np.array([True, True, True, False, True]))
    known = often_met(lists, (4,), 2)
    assert known[0].tolist() == [0, 1, 0, 0]
    assert embedded(ints([[0], [1], [2], [99]]), known).tolist() == [[0], [1], [0], [0]]


def test_the_mean_of_members_is_the_score():
    lists, _ = choices(n=60)
    both = DeepRanker(**SMALL, members=2).learn(lists, RUN)
    one = DeepRanker(**SMALL).learn(lists, RUN)
    assert len(both.weights) == 2
    for array, other in zip(both.weights[0].arrays, one.weights[0].arrays, strict=True):
        np.testing.assert_array_equal(array, other)
    assert np.abs(both.score(lists.table) - one.score(lists.table)).max() > 1e-3
