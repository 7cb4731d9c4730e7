"""Ragged histories as windows, batches and groups."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from regulars.core import Histories, ints, longs  # noqa: E402
from regulars.models.networks.sequences import NOTHING, Sequences  # noqa: E402


def of(*rows, times=None, gap=math.inf, n_items=100):
    return Sequences.of(Histories.of(rows, times=times), np.arange(n_items, dtype=np.int32), gap=gap)


def test_a_token_is_told_what_came_next():
    batch = of([5, 6, 7], [8, 9]).batch(longs([0, 3]), longs([3, 5]))
    assert batch.order.tolist() == [1, 0]  # the shorter sequence stands first
    assert batch.items.tolist() == [8, 5, 6]
    assert batch.targets.tolist() == [9, 6, 7]
    assert batch.places.tolist() == [0, 0, 1]
    assert batch.ends.tolist() == [0, 2]


def test_to_answer_the_newest_event_is_read_too():
    batch = of([5, 6, 7]).batch(longs([0]), longs([3]), ahead=False)
    assert batch.items.tolist() == [5, 6, 7]
    assert batch.targets.tolist() == [NOTHING] * 3


def test_returns_and_items_without_a_code_are_not_read():
    histories = Histories.of([[1, 2, 3, 200, -1, 4]], weights=[[1, 1, -1, 1, 1, 1]])
    codes = ints([-1, 10, -1, 12, 13])
    assert Sequences.of(histories, codes).items.tolist() == [10, 13]


def test_a_pause_ends_a_session():
    sessions = of([1, 2, 3], [4], [5, 6], times=[[0, 10, 100], [7], [8, 99]], gap=50.0)
    assert [part.tolist() for part in np.split(sessions.items, sessions.starts[1:-1])] == [[1, 2], [3], [4], [5], [6]]


@pytest.mark.parametrize("length", [1, 3, 10])
def test_every_event_but_the_first_is_the_target_of_one_window(length):
    lengths = [1, 2, 3, 4, 7, 11, 12, 30]
    sequences = of(*([row] * n for row, n in enumerate(lengths)))
    begins, ends = sequences.windows(length, np.random.default_rng(0))
    assert (ends - begins - 1 <= length).all()
    targets = np.concatenate([np.arange(begin + 1, end) for begin, end in zip(begins, ends, strict=True)])
    assert len(set(targets.tolist())) == len(targets)
    wanted = set(range(sum(lengths))) - set(sequences.starts[:-1].tolist())
    assert set(targets.tolist()) == wanted
    rows = np.searchsorted(sequences.starts, begins, side="right")
    assert (np.searchsorted(sequences.starts, ends - 1, side="right") == rows).all()


def test_long_histories_are_cut_elsewhere_in_each_epoch():
    sequences = of(list(range(90)))
    cuts = {tuple(sequences.windows(10, np.random.default_rng(seed))[1].tolist()) for seed in range(20)}
    assert len(cuts) > 3


def test_groups_hold_every_token_once_in_the_order_of_the_batch():
    random = np.random.default_rng(1)
    lengths = random.integers(1, 300, 60)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sequences = Sequences(starts, np.zeros(starts[-1], dtype=np.int32), np.zeros(starts[-1], dtype=np.int64))
    batch = sequences.batch(starts[:-1], starts[1:], ahead=False)
    x = torch.arange(float(starts[-1] + 5))[:, None]  # a few more than there are, as a network may have
    tokens = [group.flat(part) for part, group in batch.parted(x)]
    assert torch.cat(tokens)[:, 0].tolist() == list(range(starts[-1]))
    computed = sum(group.times.numel() for group in batch.groups)
    assert computed < 1.25 * starts[-1]
