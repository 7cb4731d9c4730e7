"""The answer as a table, and what may be answered against sets."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import (
    MISSING,
    Allowed,
    Histories,
    Recommendations,
    Vocabulary,
    excluding,
    floats,
    ints,
    longs,
    top_k,
)
from regulars.core.errors import BadTable

N, M = 3, 5
wide = st.integers(0, M + 2)


@st.composite
def permissions(draw):
    """What may be answered to N queries, and the same as a list of N sets of items below M."""
    permitted = [set(range(M)) for _ in range(N)]
    mask = None
    if draw(st.booleans()):
        height, width = draw(st.sampled_from([1, N])), draw(wide)
        cells = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
        mask = np.array(cells, dtype=np.bool_).reshape(height, width)
        rows = np.broadcast_to(mask, (N, width))
        permitted = [{item for item in range(min(M, width)) if row[item]} for row in rows]
    if not draw(st.booleans()):
        return Allowed(mask), permitted
    rows = draw(st.lists(st.lists(st.integers(-1, M + 2), max_size=4), min_size=N, max_size=N))
    ragged = excluding(rows)
    return Allowed(mask, ragged.starts, ragged.excluded), [p - set(row) for p, row in zip(permitted, rows, strict=True)]


def as_sets(allowed, n=N):
    return [set(np.flatnonzero(row).tolist()) for row in allowed.dense(n, M)]


@given(permissions())
def test_dense_marks_what_is_permitted(case):
    allowed, permitted = case
    assert as_sets(allowed) == permitted


@given(permissions(), permissions())
def test_and_permits_what_both_permit(one, other):
    assert as_sets(one[0] & other[0]) == [a & b for a, b in zip(one[1], other[1], strict=True)]


@given(permissions(), st.lists(st.integers(0, N - 1), max_size=4))
def test_rows_of_permissions_are_those_of_the_queries(case, rows):
    allowed, permitted = case
    assert as_sets(allowed[longs(rows)], len(rows)) == [permitted[row] for row in rows]
    assert as_sets(allowed[1:3], 2) == permitted[1:3]


@given(permissions(), st.integers(0, M + 2), st.data())
def test_top_k_is_the_sorted_list_of_what_is_permitted_and_known(case, k, data):
    allowed, permitted = case
    score = st.sampled_from([np.nan, -1.5, 0.0, 0.5, 2.0, np.inf])
    scores = floats(data.draw(st.lists(st.lists(score, min_size=M, max_size=M), min_size=N, max_size=N)))
    answer = top_k(scores, k, allowed, "mine")
    assert answer.items.shape == answer.scores.shape == (N, k)
    for i in range(N):
        known = [item for item in permitted[i] if not np.isnan(scores[i, item])]
        best = sorted(known, key=lambda item: (-scores[i, item], item))[:k]
        assert answer.items[i].tolist() == best + [MISSING] * (k - len(best))
        assert answer.scores[i, : len(best)].tolist() == [scores[i, item] for item in best]
        assert np.isnan(answer.scores[i, len(best) :]).all()


def test_all_but_forbids_the_history():
    seen = Histories.of([[0, 0, 2], [], [4]])
    assert as_sets(Allowed.all_but(seen)) == [{1, 3, 4}, {0, 1, 2, 3, 4}, {0, 1, 2, 3}]


def test_a_mask_of_another_kind_is_refused():
    with pytest.raises(BadTable, match="int64"):
        Allowed(np.array([[0, 1]]))
    with pytest.raises(BadTable):
        Allowed(np.array([True, False]))


def test_exclusions_for_other_queries_are_refused():
    with pytest.raises(BadTable, match="given for 2 queries; there are 3"):
        top_k(np.zeros((3, 2), dtype=np.float32), 1, excluding([[0], [1]]))


def answer():
    return Recommendations(
        ints([[2, 0, MISSING], [MISSING] * 3, [1, 2, 0]]),
        floats([[0.9, 0.5, np.nan], [np.nan] * 3, [3, 2, 1]]),
        ("als", "popularity"),
        np.array([[0, 1, 0], [0, 0, 0], [1, 1, 0]], dtype=np.int16),
    )


def test_the_table_has_one_row_for_each_answer_and_none_for_padding():
    frame = answer().frame(["ann", "bob", "eve"], Vocabulary.of([10, 20, 30]))
    assert frame.rows() == [
        ("ann", 30, 1, pytest.approx(0.9), "als"),
        ("ann", 10, 2, 0.5, "popularity"),
        ("eve", 20, 1, 3.0, "popularity"),
        ("eve", 30, 2, 2.0, "popularity"),
        ("eve", 10, 3, 1.0, "als"),
    ]
    assert frame.columns == ["user_id", "item_id", "rank", "score", "source"]


def test_the_table_takes_the_customers_as_a_series_of_any_name():
    users = pl.Series("household", [7, 8, 9])
    assert answer().frame(users, Vocabulary.of("abc"))["user_id"].to_list() == [7, 7, 9, 9, 9]


def test_a_table_of_no_answers_has_its_columns():
    frame = Recommendations.none(2, 3).frame(["ann", "bob"], Vocabulary.of("abc"))
    assert frame.shape == (0, 5)


def test_parts_put_together_are_the_whole_and_a_head_is_its_start():
    whole = answer()
    again = Recommendations.concat([whole[:1], whole[longs([1, 2])]])
    assert again.items.tolist() == whole.items.tolist()
    assert again.sources.tolist() == whole.sources.tolist()
    assert again.names == whole.names
    assert (whole.head(2).k, len(whole.head(2))) == (2, 3)
    assert whole.head(2).items.tolist() == whole.items[:, :2].tolist()


def test_sources_of_another_shape_are_refused():
    with pytest.raises(BadTable, match="sources"):
        Recommendations(ints([[1]]), floats([[1]]), ("a",), np.zeros((1, 2), dtype=np.int16))


def test_pairs_of_query_and_item_are_permitted_as_the_dense_mask_says():
    rows, items = np.divmod(np.arange(18), 6)
    for mask in (None, np.array([[True, False, True, True]]), np.random.default_rng(0).random((3, 5)) < 0.5):
        for excluded in (Allowed(), excluding([[0, 5], [], [2]])):
            allowed = Allowed(mask) & excluded
            assert allowed.permits(rows, items.astype(np.int32)).tolist() == allowed.dense(3, 6).ravel().tolist()
