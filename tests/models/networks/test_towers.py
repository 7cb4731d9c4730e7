"""The parts of two towers beside slow twins: which histories are read, how often items are drawn, what a step loses."""

import math
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from regulars.core import Dataset, floats  # noqa: E402
from regulars.models.networks.asking import _clock  # noqa: E402
from regulars.models.networks.examples import Examples  # noqa: E402
from regulars.models.networks.frequencies import Counted, Streaming  # noqa: E402
from regulars.models.networks.tower_task import Answered, Pool, TowerTask  # noqa: E402

logs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=25)


@given(events=logs, longest=st.integers(1, 4))
@settings(max_examples=60)
def test_an_example_is_asked_for_by_the_newest_of_what_came_strictly_before_it(events, longest):
    data = Dataset.of(pl.DataFrame(events, schema=["user_id", "item_id", "time"], orient="row"))
    examples = Examples.of(data, np.ones(len(data), bool), longest, rest=False)
    histories = examples.histories(np.arange(len(data)))
    for row, (user, time) in enumerate(zip(data.user, data.time, strict=True)):
        before = data.item[(data.user == user) & (data.time < time)][-longest:]
        assert histories[row : row + 1].items.tolist() == before.tolist()


@given(events=logs)
@settings(max_examples=60)
def test_the_rest_of_a_customer_is_everything_but_the_item(events):
    data = Dataset.of(pl.DataFrame(events, schema=["user_id", "item_id", "time"], orient="row"))
    examples = Examples.of(data, np.ones(len(data), bool), 100, rest=True)
    histories = examples.histories(np.arange(len(data)))
    for row, (user, item) in enumerate(zip(data.user, data.item, strict=True)):
        rest = data.item[(data.user == user) & (data.item != item)]
        assert histories[row : row + 1].items.tolist() == rest.tolist()


def test_the_rest_of_a_long_history_is_what_lies_nearest():
    data = Dataset.of(pl.DataFrame({"user_id": [0] * 9, "item_id": range(9), "time": range(9)}))
    examples = Examples.of(data, np.ones(9, bool), 4, rest=True)
    assert examples.histories(np.array([0])).items.tolist() == [1, 2, 3, 4]
    assert examples.histories(np.array([4])).items.tolist() == [2, 3, 5, 6]
    assert examples.histories(np.array([8])).items.tolist() == [4, 5, 6, 7]


def test_counted_frequencies_are_the_shares_of_the_targets():
    counted = Counted(torch.tensor([0, 0, 0, 2]), 3)
    assert counted.expected(torch.tensor([0, 1, 2]), 8).tolist() == [6, 0, 2]


def test_streaming_frequencies_come_near_the_counted():
    random = np.random.default_rng(0)
    share = np.array([0.5, 0.3, 0.15, 0.05])
    stream = Streaming(4)
    for _ in range(2_000):
        stream.seen(torch.from_numpy(random.choice(4, 4, p=share)))
    expected = stream.expected(torch.arange(4), 4).numpy()
    present = 1 - (1 - share) ** 4  # in which an item is in a step at all; twice in a step counts twice
    assert (expected >= 0.8 * present).all()
    assert (expected <= 1.6 * 4 * share).all()
    assert (np.diff(expected) < 0).all()


def task(objective, frequencies, n_items=6, negatives=5):
    module = SimpleNamespace(
        frequencies=frequencies, shape=SimpleNamespace(temperature=0.5), parameters=lambda: iter([torch.zeros(1)])
    )
    one = TowerTask.__new__(TowerTask)
    one.module, one.able = module, np.arange(n_items)
    one.settings = SimpleNamespace(objective=objective, negatives=negatives)
    return one


@pytest.mark.parametrize("objective", ["retrieval", "purchase"])
@pytest.mark.parametrize("corrected", [True, False])
def test_the_loss_of_a_step_is_that_of_its_formula(objective, corrected):
    """Every copy in the pool is a candidate, its logit less log(expected copies), but other copies of the target."""
    torch.manual_seed(0)
    targets, drawn = np.array([2, 2, 4, 0], np.int32), np.array([2, 5, 5, 1, 4], np.int32)
    vectors, biases = torch.randn(6, 3), torch.randn(6)
    queries, query_bias = torch.randn(4, 3), torch.randn(4)
    counts = Counted(torch.tensor([0, 0, 1, 2, 2, 2, 3, 4, 5, 5]), 6)
    pool = Pool.of(targets, drawn)
    found = task(objective, counts if corrected else None)._of_pool(
        Answered(queries, query_bias, vectors[pool.items], biases[pool.items]), pool
    )
    often = 4 * np.array([2, 1, 3, 1, 1, 2]) / 10 + 5 / 6
    candidates = [*targets, *drawn]
    for row in range(4):
        bias = query_bias[row] if objective == "purchase" else 0.0
        logits = [
            float(queries[row] @ vectors[item] / 0.5 + biases[item] + bias)
            - (math.log(often[item]) if corrected else 0)
            for item in candidates
        ]
        others = [logit for place, logit in enumerate(logits) if candidates[place] != targets[row]]
        if objective == "retrieval":
            expected = math.log(sum(map(math.exp, [logits[row], *others]))) - logits[row]
        else:
            expected = math.log1p(math.exp(-logits[row])) + sum(math.log1p(math.exp(logit)) for logit in others)
        assert float(found[row]) == pytest.approx(expected, rel=1e-5)


def test_the_clock_of_a_shop():
    monday_noon_utc = 1_699_876_800  # 13 November 2023, 12:00 UTC
    assert _clock(np.array([monday_noon_utc, 0]), 0.0).tolist() == [[12, 0], [0, 3]]
    assert _clock(np.array([monday_noon_utc]), 13.5).tolist() == [[1, 1]]
    assert floats(1).dtype == np.float32
