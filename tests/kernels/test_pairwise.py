"""Learning to rank: a lane against plain loops of the same arithmetic, and what merging promises."""

import numpy as np
import pytest

from regulars.kernels.pairwise import (
    BPR,
    LOGISTIC,
    WARP,
    Pairs,
    Rules,
    Shares,
    Tastes,
    Vectors,
    descend,
    merge,
    room,
)

D, N = 5, 12
HISTORIES = [[0, 1, 2, 5], [3, 4, 1], [7], [8, 9, 10, 0, 2, 4]]


def pairs():
    lengths = [len(history) for history in HISTORIES]
    weights = np.random.default_rng(1).uniform(0.5, 2, sum(lengths)).astype(np.float32)
    return Pairs(np.cumsum([0, *lengths]), np.concatenate(HISTORIES).astype(np.int32), weights)


def start(scale=0.5):
    random = np.random.default_rng(2)
    tables = [(scale * random.standard_normal((N, D))).astype(np.float32) for _ in range(2)]
    tables[1][:, -1] = 0
    return Vectors(*tables, *(np.full(N, 0.1, dtype=np.float32) for _ in range(2)))


def rules(loss, **other):
    settings = {"scale": 1.0, "tries": 20, "negatives": 3, "kos": 0} | other
    return Rules(
        loss,
        *(np.float32(number) for number in (0.3, 0.05, 0.5, settings["scale"], 0.8)),
        settings["tries"],
        settings["negatives"],
        settings["kos"],
        N,
    )


def no_tastes():
    return Tastes(*(np.zeros((0, D), dtype=np.float32) for _ in range(2)))


class Draws:
    """Marsaglia's xorshift with whole numbers of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        mask = 2**64 - 1
        self.state ^= (self.state << 13) & mask
        self.state ^= self.state >> 7
        self.state ^= (self.state << 17) & mask
        return ((self.state >> 33) * n) >> 31


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rises(scores, rules):
    """Of the scores of the positive and its negatives: which of them move, and by what slope."""
    if rules.loss == LOGISTIC:
        return range(len(scores)), [sigmoid(-scores[0]), *(-rules.scale * sigmoid(scores[1:]))]
    if len(scores) == 1:
        return [], []
    best = 1 + int(np.argmax(scores[1:]))
    slope = sigmoid(scores[best] - scores[0])
    return [0, best], [slope, -slope]


def twin(users, pool, pairs, vectors, tastes, rules, seed):
    """The same lane one sample after another, in float64."""
    q, c, q_sums, c_sums = (table.astype(float) for table in vectors)
    draws = Draws(seed)
    pulls = np.zeros(tastes.vectors.shape)
    for user in users:
        items = pairs.items[pairs.starts[user] : pairs.starts[user + 1]]
        weights = pairs.weights[pairs.starts[user] : pairs.starts[user + 1]].astype(float)
        total, pull = weights @ c[items], np.zeros(D)
        for item, weight in zip(items, weights, strict=True):
            left = weights.sum() - weight
            norm = left**-rules.power if left > 1e-6 else 0.0
            x = norm * (total - weight * c[item])
            if len(tastes.vectors):
                x += tastes.vectors[user]
            x[-1] = 1
            if rules.loss == WARP:
                moved, slopes = violation(x, item, items, pool, q, rules, draws)
            else:
                drawn = [pool[draws.below(len(pool))] for _ in range(rules.negatives)]
                among = np.array([item, *(other for other in drawn if other not in items)])
                chosen, slopes = rises(q[among] @ x, rules)
                moved = among[list(chosen)]
            ask = np.zeros(D)
            for other, slope in zip(moved, np.array(slopes) * rules.trust * weight, strict=True):
                q_sums[other] += slope**2 * (x @ x) / D
                step = rules.rate / np.sqrt(q_sums[other])
                ask += slope * q[other]
                q[other] = (1 - step * rules.decay * abs(slope)) * q[other] + step * slope * x
            if len(tastes.vectors):
                pulls[user, :-1] += ask[:-1]
            pull += norm * ask
            c[item] -= rules.rate / np.sqrt(c_sums[item] + norm**2 * (ask @ ask) / D) * weight * norm * ask
        pull[-1] = 0
        c_sums[items] += weights**2 * (pull @ pull) / D
        steps = rules.rate / np.sqrt(c_sums[items])
        c[items] = (1 - steps * rules.decay)[:, None] * c[items] + (steps * weights)[:, None] * pull
        c[items, -1] = 0
    return Vectors(q, c, q_sums, c_sums), pulls


def violation(x, item, items, pool, q, rules, draws):
    drawn = 0
    for _ in range(rules.tries):
        other = pool[draws.below(len(pool))]
        if other not in items:
            drawn += 1
            if q[other] @ x > q[item] @ x - rules.scale:
                slope = np.log(max(2.0, N / drawn))
                return np.array([item, other]), [slope, -slope]
    return np.array([], dtype=int), []


@pytest.mark.parametrize("loss", [BPR, WARP, LOGISTIC])
@pytest.mark.parametrize("tasted", [False, True])
def test_a_lane_does_what_plain_loops_do(loss, tasted):
    users, pool = np.array([3, 0, 2, 1], dtype=np.int32), np.array([11, 6, 2, 8, 4, 9, 1], dtype=np.int32)
    random = np.random.default_rng(3)
    tastes = no_tastes()
    if tasted:
        tastes = Tastes(random.standard_normal((4, D)).astype(np.float32), np.zeros((4, D), dtype=np.float32))
    wanted, pulls = twin(users, pool, pairs(), start(), tastes, rules(loss), 12345)
    vectors, lane, shares = start(), room(N, N, D), Shares(*(np.zeros(N, dtype=np.int32) for _ in range(2)))
    lane.random[0] = 12345
    answers, contexts, _ = descend(users, pool, pairs(), vectors, tastes, lane, rules(loss))
    merge(vectors, [lane], [(answers, contexts)], shares, (0, N))
    for found, expected in zip(vectors, wanted, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(tastes.pulls, pulls, rtol=2e-4, atol=2e-5)


def test_merging_adds_what_each_lane_changed_in_whatever_spans():
    halves = [np.array([0, 1], dtype=np.int32), np.array([2, 3], dtype=np.int32)]
    before, pool = start(), np.arange(N, dtype=np.int32)
    changes = []
    for at, users in enumerate(halves):
        alone, _ = twin(users, pool, pairs(), before, no_tastes(), rules(BPR), at + 1)
        changes.append([after - old for after, old in zip(alone, before, strict=True)])
    for spans in ([(0, N)], [(0, 3), (3, 4), (4, N)]):
        vectors, lanes = start(), [room(N, N, D), room(N, N, D)]
        sizes = []
        for at, users in enumerate(halves):
            lanes[at].random[0] = at + 1
            sizes.append(descend(users, pool, pairs(), vectors, no_tastes(), lanes[at], rules(BPR))[:2])
        shares = Shares(*(np.zeros(N, dtype=np.int32) for _ in range(2)))
        for span in spans:
            merge(vectors, lanes, sizes, shares, span)
        for found, old, *changed in zip(vectors, before, *changes, strict=True):
            np.testing.assert_allclose(found, old + sum(changed), rtol=2e-4, atol=2e-5)
        assert not shares.answers.any()
        assert not shares.contexts.any()


def test_a_customer_of_one_item_moves_no_context():
    vectors, lane = start(), room(N, N, D)
    answers, contexts, slopes = descend(
        np.array([2], dtype=np.int32), np.arange(N, dtype=np.int32), pairs(), vectors, no_tastes(), lane, rules(BPR)
    )
    assert (answers, contexts) == (N, 1)
    assert slopes > 0
    kept = 1 - np.float32(0.3 / 0.1**0.5) * np.float32(0.05)  # what the regularization leaves of it
    np.testing.assert_allclose(lane.copies.contexts[0], kept * vectors.contexts[7], rtol=1e-6)


def test_the_kth_best_positive_teaches():
    """Scored by their number, the history's best teach with k 1, its worst with k 10."""
    vectors, lane = start(), room(N, N, D)
    vectors.answers[:] = 0
    vectors.answers[:, -1] = 1_000 * np.arange(N)
    users, pool = np.array([3], dtype=np.int32), np.array([11], dtype=np.int32)
    taught = []
    for kos in (1, 10):
        descend(users, pool, pairs(), vectors, no_tastes(), lane, rules(WARP, scale=1e6, kos=kos))
        moved = np.flatnonzero(lane.copies.answer_sums[:6] > 0.1 + 1e-6)
        taught.append(lane.rows[moved])
    assert min(taught[0]) >= 8
    assert max(taught[1]) <= 4
