"""Learning to rank: what a customer met should score above what they did not meet.

The score of item i for customer u is x_ui . q_i, with a context vector c_j for each item j of the history N:

    x_ui = sum_{j in N, j != i} w_j c_j / (sum_{j in N, j != i} w_j) ** power + taste_u

so no item speaks for itself (Kabbur, Ning, Karypis, "FISM", KDD 2013, eq. 3). The last column of q is the bias of the
item: it is 1 in x and 0 in c. Steps are those of Adagrad with one sum for each vector.

Lanes make the result independent of the number of threads. A lane takes some customers, copies the vectors that they
need, and descends on the copies, one customer after another, which keeps it within the processor's cache; the copies
of all lanes of a round are then merged, always in the same order. Negatives come from a pool drawn for each lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .answers import Floats, Ints, Longs

Random = NDArray[np.uint64]

LOOSE = {"reassoc", "contract", "arcp", "nsz"}  # sums in any order; NaN keeps its meaning
BPR, WARP, LOGISTIC = range(3)
DRAWN = 10  # positives among which k-OS takes the k-th best
TINY = np.float32(1e-6)  # a history that weighs less says nothing
ONE = np.float32(1)


class Pairs(NamedTuple):
    """Who met what, how strongly: customer u's are the slice starts[u]:starts[u + 1], no item twice."""

    starts: Longs
    items: Ints
    weights: Floats


class Vectors(NamedTuple):
    """What is learned of the items, float32 [n, d], and the sums of squares that slow their steps, float32 [n]."""

    answers: Floats
    contexts: Floats
    answer_sums: Floats
    context_sums: Floats


class Tastes(NamedTuple):
    """What customers like whatever they met, float32 [n_users, d], and its slope, summed up; no rows if nothing is."""

    vectors: Floats
    pulls: Floats


class Lane(NamedTuple):
    """Room for the copies of one lane: `rows` tells whose they are, `places` [n_items] where an item's copy is, or -1.

    met: the customer who met the item last, int32 [room]; random: uint64 [1], the state of the generator.
    """

    rows: Ints
    places: Ints
    met: Ints
    random: Random
    copies: Vectors


class Rules(NamedTuple):
    """The loss and its settings: `tries` of WARP for a violation, `negatives` of the others for each positive.

    Of BPR's negatives the one with the best score teaches. scale: the margin of WARP, the weight of a negative in the
    logistic loss. trust: what a slope is multiplied with for each unit of the positive's weight. met: items that
    anybody met.
    """

    loss: int
    rate: np.float32
    decay: np.float32
    power: np.float32
    scale: np.float32
    trust: np.float32
    tries: int
    negatives: int
    kos: int
    met: int


class Scratch(NamedTuple):
    """Vectors [d] of the customer in work, and the positive with its negatives: scores, then slopes."""

    total: Floats  # sum of w_j c_j
    pull: Floats  # what all samples of the customer ask of it
    x: Floats
    slope: Floats
    places: Ints  # of the history, in the lane
    candidates: Ints
    scores: Floats


def room(size: int, n_items: int, d: int) -> Lane:
    """A lane for `size` items out of n_items."""
    vectors = (np.empty((size, d), dtype=np.float32) for _ in range(2))
    sums = (np.empty(size, dtype=np.float32) for _ in range(2))
    places = np.full(n_items, -1, dtype=np.int32)
    rows, met = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    return Lane(rows, places, met, np.ones(1, dtype=np.uint64), Vectors(*vectors, *sums))


@njit(cache=True, nogil=True, fastmath=LOOSE)
def descend(
    users: Ints, pool: Ints, pairs: Pairs, vectors: Vectors, tastes: Tastes, lane: Lane, rules: Rules
) -> tuple[int, int, float]:
    """One lane: all pairs of `users` against negatives of `pool`.

    Returns how many answers and contexts are copied, the contexts' items first, and the sum of the losses' slopes.
    """
    pooled = np.empty(len(pool), dtype=np.int32)
    n_contexts, longest = _take_histories(users, pairs, vectors, lane)
    n_answers = _take_pool(pool, pooled, n_contexts, vectors, lane)
    d = vectors.answers.shape[1]
    width = 1 + max(rules.negatives, DRAWN)
    scratch = Scratch(
        np.empty(d, dtype=np.float32),
        np.empty(d, dtype=np.float32),
        np.empty(d, dtype=np.float32),
        np.empty(d, dtype=np.float32),
        np.empty(longest, dtype=np.int32),
        np.empty(width, dtype=np.int32),
        np.empty(width, dtype=np.float32),
    )
    slopes = _walk(users, pooled, pairs, tastes, lane, rules, scratch)
    for row in range(n_answers):
        lane.places[lane.rows[row]] = -1
    return n_answers, n_contexts, slopes


class Shares(NamedTuple):
    """In how many lanes of a round each item's copies are, -1 once the first of them is merged; int32 [n_items].

    All 0 between rounds.
    """

    answers: Ints
    contexts: Ints


def merge(
    vectors: Vectors, lanes: Sequence[Lane], sizes: Sequence[tuple[int, int]], shares: Shares, span: tuple[int, int]
) -> None:
    """Adds what each lane changed, to the items from span[0] up to span[1]. sizes: as `descend` tells.

    The first lane that holds an item replaces it, less what the other copies start from.
    """
    parts = [(lane.rows[:answers], contexts) for lane, (answers, contexts) in zip(lanes, sizes, strict=True)]
    for rows, contexts in parts:
        _count(rows, contexts, shares.answers, shares.contexts, *span)
    for (rows, contexts), lane in zip(parts, lanes, strict=True):
        copies = lane.copies
        _merge(rows, vectors.answers, vectors.answer_sums, copies.answers, copies.answer_sums, shares.answers, *span)
        _merge(
            rows[:contexts],
            vectors.contexts,
            vectors.context_sums,
            copies.contexts,
            copies.context_sums,
            shares.contexts,
            *span,
        )
    shares.answers[slice(*span)] = 0
    shares.contexts[slice(*span)] = 0


@njit(cache=True, nogil=True)
def _count(rows: Ints, n_contexts: int, answers: Ints, contexts: Ints, low: int, high: int) -> None:
    for row in range(len(rows)):
        item = rows[row]
        if low <= item < high:
            answers[item] += 1
            contexts[item] += row < n_contexts


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _merge(
    rows: Ints, vectors: Floats, sums: Floats, copies: Floats, copied_sums: Floats, shares: Ints, low: int, high: int
) -> None:
    for row in range(len(rows)):
        item = rows[row]
        if low <= item < high:
            less = np.float32(shares[item] - 1) if shares[item] > 0 else -ONE
            shares[item] = -1
            sums[item] = copied_sums[row] - less * sums[item]
            for f in range(vectors.shape[1]):
                vectors[item, f] = copies[row, f] - less * vectors[item, f]


@njit(cache=True, nogil=True)
def _take_histories(users: Ints, pairs: Pairs, vectors: Vectors, lane: Lane) -> tuple[int, int]:
    """Copies the contexts that the histories need; returns the number of items and the longest history."""
    starts, items, _ = pairs
    rows, places = lane.rows, lane.places
    n, longest = 0, 0
    for user in users:
        longest = max(longest, starts[user + 1] - starts[user])
        for at in range(starts[user], starts[user + 1]):
            item = items[at]
            if places[item] < 0:
                places[item], rows[n] = n, item
                n += 1
    _copy(rows[:n], lane.copies.contexts, lane.copies.context_sums, vectors.contexts, vectors.context_sums)
    return n, longest


@njit(cache=True, nogil=True)
def _take_pool(pool: Ints, pooled: Ints, n: int, vectors: Vectors, lane: Lane) -> int:
    """Places of the pool's items in the lane; copies the answers of the n items there and of the pool's."""
    rows, places = lane.rows, lane.places
    for at in range(len(pool)):
        item = pool[at]
        if places[item] < 0:
            places[item], rows[n] = n, item
            n += 1
        pooled[at] = places[item]
    _copy(rows[:n], lane.copies.answers, lane.copies.answer_sums, vectors.answers, vectors.answer_sums)
    lane.met[:n] = -1
    return n


@njit(cache=True, nogil=True)
def _copy(rows: Ints, copies: Floats, copied_sums: Floats, vectors: Floats, sums: Floats) -> None:
    for row in range(len(rows)):
        item = rows[row]
        copied_sums[row] = sums[item]
        for f in range(vectors.shape[1]):
            copies[row, f] = vectors[item, f]


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _walk(users: Ints, pooled: Ints, pairs: Pairs, tastes: Tastes, lane: Lane, rules: Rules, scratch: Scratch) -> float:
    """One customer after another: every pair once, then the contexts; returns the sum of the slopes."""
    # one long function, arrays out of their tuples: passing arrays on, or looking into a tuple, for every pair counts
    # references, which costs more than the vectors
    starts, items, weights = pairs
    answers, contexts, answer_sums, context_sums = lane.copies
    total, pull, x, slope, places, candidates, scores = scratch
    met, random, where = lane.met, lane.random, lane.places
    loss, rate, decay, power, scale, trust, tries, negatives, kos, n_met = rules
    likes, pulls = tastes
    tasted = len(likes) > 0
    d = len(x)
    share, n_pooled, state = ONE / np.float32(d), len(pooled), random[0]
    slopes = 0.0
    for stamp in range(len(users)):
        user = users[stamp]
        begin, n = starts[user], starts[user + 1] - starts[user]
        mass = _sum_up(begin, n, items, weights, stamp, where, met, contexts, places, total)
        for f in range(d):
            pull[f] = 0
        known, norm = -ONE, np.float32(0)
        for at in range(n):
            positive = at
            if kos > 0:
                _speak(total, contexts, places[at], np.float32(0), mass**-power, x)
                if tasted:
                    _add_row(x, ONE, likes, user)
                x[d - 1] = 1
                random[0] = state
                positive = _kth_best(kos, n, x, answers, places, random, candidates, scores)
                state = random[0]
            row, weight = places[positive], weights[begin + positive]
            left = mass - weight
            if left != known:
                norm, known = left**-power if left > TINY else np.float32(0), left
            _speak(total, contexts, row, weight, norm, x)
            if tasted:
                _add_row(x, ONE, likes, user)
            x[d - 1] = 1
            wanted = _dot(x, answers, row)
            candidates[0], found, drawn = row, 1, 0
            if loss == WARP:  # Weston, Bengio, Usunier, "WSABIE", IJCAI 2011, section 3.2; log(rank) for its sum
                for _ in range(tries):
                    state = _next(state)
                    other = pooled[_below(state, n_pooled)]
                    if met[other] != stamp:
                        drawn += 1
                        if _dot(x, answers, other) > wanted - scale:
                            candidates[1], found = other, 2
                            scores[0] = np.float32(np.log(max(2.0, n_met / drawn)))
                            scores[1] = -scores[0]
                            break
            else:
                for _ in range(negatives):
                    state = _next(state)
                    other = pooled[_below(state, n_pooled)]
                    if met[other] != stamp:
                        candidates[found], scores[found] = other, _dot(x, answers, other)
                        found += 1
                if loss == LOGISTIC:  # slopes of log sigmoid(positive) + scale * log sigmoid(-negative)
                    scores[0] = ONE / (ONE + np.exp(wanted))
                    for at_negative in range(1, found):
                        scores[at_negative] = -scale / (ONE + np.exp(-scores[at_negative]))
                elif found > 1:  # Rendle et al., UAI 2009, section 4.1, with the negative that scores best
                    best = 1
                    for at_negative in range(2, found):
                        if scores[at_negative] > scores[best]:
                            best = at_negative
                    candidates[1], found = candidates[best], 2
                    scores[0] = ONE / (ONE + np.exp(wanted - scores[best]))
                    scores[1] = -scores[0]
            if found == 1 and loss != LOGISTIC:
                continue
            slopes += scores[0]
            square = share * _square(x)
            for f in range(d):
                slope[f] = 0
            for candidate in range(found):
                place, rise = candidates[candidate], scores[candidate] * trust * weight
                answer_sums[place] += rise * rise * square
                step = rate / np.sqrt(answer_sums[place])
                _add_row(slope, rise, answers, place)
                _move(answers, place, ONE - step * decay * abs(rise), step * rise, x)
            if tasted:
                for f in range(d - 1):
                    pulls[user, f] += slope[f]
            step = rate / np.sqrt(context_sums[row] + share * norm * norm * _square(slope)) * weight * norm
            for f in range(d):
                pull[f] += norm * slope[f]
            _move(contexts, row, ONE, -step, slope)  # the positive did not speak for itself
        pull[d - 1] = 0
        _hear(begin, n, places, weights, pull, contexts, context_sums, rate, decay)
    return slopes


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _sum_up(
    begin: int,
    n: int,
    items: Ints,
    weights: Floats,
    stamp: int,
    where: Ints,
    met: Ints,
    contexts: Floats,
    places: Ints,
    total: Floats,
) -> np.float32:
    """Fills `total` and `places`, marks what the customer met; returns the weight of the history."""
    for f in range(len(total)):
        total[f] = 0
    mass = np.float32(0)
    for at in range(n):
        row, weight = where[items[begin + at]], weights[begin + at]
        places[at] = row
        met[row] = stamp
        mass += weight
        _add_row(total, weight, contexts, row)
    return mass


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _hear(
    begin: int,
    n: int,
    places: Ints,
    weights: Floats,
    pull: Floats,
    contexts: Floats,
    sums: Floats,
    rate: np.float32,
    decay: np.float32,
) -> None:
    """Moves the contexts of a history by what all samples of the customer asked."""
    last = len(pull) - 1
    square = _square(pull) / np.float32(len(pull))
    for at in range(n):
        row, weight = places[at], weights[begin + at]
        sums[row] += weight * weight * square
        step = rate / np.sqrt(sums[row])
        _move(contexts, row, ONE - step * decay, step * weight, pull)
        contexts[row, last] = 0


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _kth_best(
    kos: int, n: int, x: Floats, answers: Floats, places: Ints, random: Random, candidates: Ints, scores: Floats
) -> int:
    """Draws positives, returns the one with the k-th best score (Weston, Yee, Weiss, RecSys 2013, section 4)."""
    drawn = min(DRAWN, n)
    for at in range(drawn):
        random[0] = _next(random[0])
        place = _below(random[0], n)
        score = _dot(x, answers, places[place])
        spot = at
        while spot > 0 and scores[spot - 1] < score:
            scores[spot], candidates[spot] = scores[spot - 1], candidates[spot - 1]
            spot -= 1
        scores[spot], candidates[spot] = score, place
    return int(candidates[min(kos, drawn) - 1])


@njit(cache=True, nogil=True)
def _next(state: np.uint64) -> np.uint64:
    """Marsaglia, "Xorshift RNGs", 2003."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@njit(cache=True, nogil=True)
def _below(state: np.uint64, n: int) -> int:
    """A number below n."""
    return int(((state >> np.uint64(33)) * np.uint64(n)) >> np.uint64(31))


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _dot(x: Floats, table: Floats, row: int) -> np.float32:
    total = np.float32(0)
    for f in range(len(x)):
        total += x[f] * table[row, f]
    return total


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _square(x: Floats) -> np.float32:
    total = np.float32(0)
    for f in range(len(x)):
        total += x[f] * x[f]
    return total


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _move(table: Floats, row: int, keep: np.float32, step: np.float32, x: Floats) -> None:
    for f in range(len(x)):
        table[row, f] = keep * table[row, f] + step * x[f]


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _add_row(x: Floats, step: np.float32, table: Floats, row: int) -> None:
    for f in range(len(x)):
        x[f] += step * table[row, f]


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _speak(total: Floats, contexts: Floats, row: int, weight: np.float32, norm: np.float32, x: Floats) -> None:
    """What the history says without one of its items."""
    for f in range(len(x)):
        x[f] = norm * (total[f] - weight * contexts[row, f])
