"""Lists under limits: the kernel picks what a slow reading of its own description picks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernels.arranging import Limits, Lists, Table, arrange, lists_of


@given(st.integers(0, 100_000), st.integers(1, 7))
def test_every_slot_goes_to_whom_the_rules_say(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    n, w, pins = 3, int(random.integers(1, 9)), int(random.integers(0, 3))
    c, m = int(random.integers(0, 3)), int(random.integers(0, 3))
    w += pins
    worth = np.round(random.uniform(-1, 3, (n, w)), 1)
    worth[random.random((n, w)) < 0.2] = np.nan
    items = np.array([random.permutation(w) for _ in range(n)], dtype=np.int32)
    groups = random.integers(-1, 2, (c, n, w)).astype(np.int32)
    wanted = random.random((m, n, w)) < 0.3
    kinds = random.integers(-1, 2, (n, w)).astype(np.int32)
    vectors = random.normal(size=(n, w, int(random.integers(0, 2)) * 2)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-9)
    table = Table(items, worth, groups, wanted, kinds, vectors)
    limits = Limits(random.integers(0, 3, c), random.integers(0, 4, m), float(random.choice([0.0, 0.5, 1.0])))
    slots = random.integers(-1, k, (n, pins))
    worth[:, :pins] = np.nan
    chosen = arrange(table, limits, k, slots=slots, settled=np.zeros(n, dtype=np.int64))
    for row in range(n):
        picked = _picked(table, limits, k, slots[row], row)
        assert chosen[row].tolist() == picked + [-1] * (k - len(picked))


def _picked(table: Table, limits: Limits, k: int, slots: np.ndarray, row: int) -> list[int]:
    """The columns of one row, by the words of `arrange`."""
    fixed: dict[int, int] = {}
    for pin, wish in enumerate(slots.tolist()):
        slot = next((slot for slot in range(wish, k) if slot not in fixed), k) if wish >= 0 else k
        if slot < k and _fits(table, limits, [*fixed.values(), pin], row):
            fixed[slot] = pin
    taken, result = list(fixed.values()), []
    for slot in range(k):
        if slot in fixed:
            result.append(fixed[slot])
            continue
        left = sum(later not in fixed for later in range(slot, k))
        have = [int(wanted[row, taken].sum()) for wanted in table.wanted]
        lacking = sum(max(least - has, 0) for least, has in zip(limits.least, have, strict=True))
        open_columns = [
            column
            for column in range(table.items.shape[1])
            if not np.isnan(table.worth[row, column]) and _fits(table, limits, [*taken, column], row)
        ]
        pools = [
            [column for column in open_columns if table.wanted[share, row, column]]
            for share, least in enumerate(limits.least)
            if have[share] < (least * (slot + 1)) // k or (lacking >= left and have[share] < least)
        ]
        pool = next((pool for pool in pools if pool), open_columns)
        if pool:
            best = max(pool, key=lambda column: (_worth(table, limits, taken, column, row), -column))
            taken.append(best)
            result.append(best)
    return result


def _fits(table: Table, limits: Limits, taken: list[int], row: int) -> bool:
    items = table.items[row, taken].tolist()
    for codes, most in zip(table.groups, limits.most, strict=True):
        values = [value for value in codes[row, taken].tolist() if value >= 0]
        if any(values.count(value) > most for value in values):
            return False
    return len(set(items)) == len(items)


def _worth(table: Table, limits: Limits, taken: list[int], column: int, row: int) -> float:
    worth = float(table.worth[row, column])
    if worth <= 0:
        return worth
    fade = 1.0
    for other in taken:
        if table.kinds[row, column] >= 0 and table.kinds[row, column] == table.kinds[row, other]:
            fade *= max(1 - limits.strength, 1e-6)
        if table.vectors.shape[2]:
            alike = 0.0
            for left, right in zip(table.vectors[row, column], table.vectors[row, other], strict=True):
                alike += left * right
            fade = min(fade, max(1 - limits.strength * max(float(alike), 0.0), 1e-6))
    return worth * fade


def test_scores_fall_and_a_pinned_item_has_that_of_its_neighbor() -> None:
    columns = np.array([[0, 3, 1, 2], [1, 0, -1, -1]])
    items = np.array([[9, 8, 5, 6], [9, 8, 5, 6]], dtype=np.int32)  # the first two are pinned
    scores = np.array([[1.0, 4.0], [1.0, 4.0]], dtype=np.float32)
    proposed = Lists(items[:, 2:], scores, np.full((2, 2), 7, dtype=np.int16))
    lists = lists_of(columns, items, proposed, n_pins=2, pinned=9)
    assert lists.items.tolist() == [[9, 6, 8, 5], [8, 9, -1, -1]]
    assert lists.scores[0].tolist() == [4, 4, 4, 1]
    assert lists.scores[1, :2].tolist() == [0, 0]
    assert np.isnan(lists.scores[1, 2:]).all()
    assert lists.sources.tolist() == [[9, 7, 9, 7], [9, 9, 0, 0]]


def test_what_is_settled_comes_first_as_it_stands() -> None:
    n, w = 1, 4
    table = Table(
        np.arange(4, dtype=np.int32)[np.newaxis],
        np.array([[0.1, 0.2, 9.0, 8.0]]),
        np.empty((0, n, w), dtype=np.int32),
        np.empty((0, n, w), dtype=np.bool_),
        np.full((n, w), -1, dtype=np.int32),
        np.empty((n, w, 0), dtype=np.float32),
    )
    none = np.empty(0, dtype=np.int64)
    chosen = arrange(table, Limits(none, none, 0.0), 3, slots=np.empty((1, 0), dtype=np.int64), settled=np.array([2]))
    assert chosen.tolist() == [[0, 1, 2]]
