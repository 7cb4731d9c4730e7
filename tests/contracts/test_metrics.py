"""What every metric of a list promises: one figure per query from 0 to 1, never better for a worse list."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.core import longs
from regulars.evaluation import CATALOG_METRICS, METRICS, RATING_METRICS, SLICINGS, SPLITS, Judged

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "metrics.md"
blocks = st.integers(1, 8).flatmap(
    lambda k: st.lists(
        st.tuples(st.lists(st.booleans(), min_size=k, max_size=k), st.integers(0, 6)), min_size=1, max_size=5
    )
)


def judged(rows):
    hits = np.array([row for row, _ in rows], dtype=bool)
    return Judged(hits, hits.sum(axis=1) + longs([more for _, more in rows]))


each = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


@each
@given(rows=blocks)
def test_figures_run_from_0_to_1_and_are_nan_just_where_nothing_was_wanted(metric, rows):
    case = judged(rows)
    figures = metric(case)
    assert (figures.dtype, figures.shape) == (np.float32, (len(rows),))
    assert (np.isnan(figures) == (case.wanted == 0)).all()
    assert ((figures[case.wanted > 0] >= 0) & (figures[case.wanted > 0] <= 1 + 1e-6)).all()


@each
@given(rows=blocks)
def test_a_block_is_judged_like_its_rows_one_by_one(metric, rows):
    one_by_one = np.concatenate([metric(judged([row])) for row in rows])
    np.testing.assert_allclose(metric(judged(rows)), one_by_one, rtol=1e-6)


@each
@given(rows=blocks, data=st.data())
def test_one_more_hit_never_lowers_the_figure(metric, rows, data):
    hits, more = rows[0]
    if all(hits) or not more:
        return
    at = data.draw(st.sampled_from([i for i, hit in enumerate(hits) if not hit]))
    better = [*hits[:at], True, *hits[at + 1 :]]
    assert metric(judged([(better, more - 1)]))[0] >= metric(judged([(hits, more)]))[0] - 1e-6


@each
@given(rows=blocks, data=st.data())
def test_a_hit_one_rank_higher_never_lowers_the_figure(metric, rows, data):
    hits, more = rows[0]
    movable = [i for i in range(1, len(hits)) if hits[i] and not hits[i - 1]]
    if not movable:
        return
    at = data.draw(st.sampled_from(movable))
    better = [*hits[: at - 1], True, False, *hits[at + 1 :]]
    assert metric(judged([(better, more)]))[0] >= metric(judged([(hits, more)]))[0] - 1e-6


@each
def test_a_perfect_list_reaches_1_and_a_list_without_a_hit_0(metric):
    assert metric(judged([([True, True, True], 0)]))[0] == pytest.approx(1)
    assert metric(judged([([False, False, False], 3)]))[0] == 0


@pytest.mark.parametrize("name", [*METRICS, *RATING_METRICS, *CATALOG_METRICS, *SLICINGS, *SPLITS])
def test_every_name_of_the_tables_is_explained_in_the_docs(name):
    assert re.search(rf"`{name}`", PAGE.read_text()), f"{name} is missing in {PAGE.name}"
