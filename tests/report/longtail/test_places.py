"""The maps: neighbors stay together, a seed gives one map, and the tail is as well represented as the head."""

import sys

import numpy as np
import pytest

from regulars.core.errors import MissingExtra
from regulars.report.longtail.layout import layout, nearest, principal
from regulars.report.longtail.places import company, drawn, framed


@pytest.fixture(scope="module")
def clusters():
    """Three clusters of 30 unit vectors in eight dimensions."""
    random = np.random.default_rng(0)
    centers = np.eye(3, 8)
    vectors = np.repeat(centers, 30, axis=0) + 0.1 * random.standard_normal((90, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_neighbors_stay_together(clusters):
    places = layout(clusters, principal(clusters), seed=1)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(90)
    near = np.argsort(distances, axis=1)[:, :5]
    assert (near // 30 == np.arange(90)[:, None] // 30).mean() > 0.95


def test_a_seed_gives_one_map(clusters):
    first = principal(clusters)
    once, again, other = (layout(clusters, first, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_the_main_directions_are_those_of_the_largest_variance():
    vectors = np.array([[0, 0, 0], [10, 0, 0], [0, 3, 0], [0, 0, 1]], dtype=np.float32)
    places = principal(vectors)
    twin = np.linalg.svd(vectors - vectors.mean(axis=0))[2][:2]
    expected = (vectors - vectors.mean(axis=0)) @ twin.T
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-5)


def test_the_nearest_are_those_of_the_highest_cosine(clusters):
    near = nearest(clusters, 4)
    likeness = clusters @ clusters.T - 9 * np.eye(90, dtype=np.float32)
    found = np.take_along_axis(likeness, near, axis=1)
    np.testing.assert_allclose(found, np.sort(likeness, axis=1)[:, :-5:-1], atol=1e-6)
    assert not (near == np.arange(90)[:, None]).any()


def test_equal_vectors_get_places(clusters):
    same = np.repeat(clusters[:1], 20, axis=0)
    assert np.isfinite(layout(same, principal(same))).all()


def test_few_points_stay_where_they_begin():
    first = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert layout(np.eye(2, dtype=np.float32), first) is first


def test_without_the_extra_the_error_names_it(clusters, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtra, match=r"umap-learn.*regulars\[maps\]"):
        layout(clusters, principal(clusters))


def test_small_parts_are_drawn_whole_and_leave_their_share_to_others():
    codes = np.repeat(np.array([0, 1, 2], dtype=np.int8), [2, 100, 1000])
    items = drawn(codes, 20, np.random.default_rng(0))
    assert np.bincount(codes[items]).tolist() == [2, 9, 9]
    assert (np.diff(items) > 0).all()
    among = codes != 1
    assert np.bincount(codes[drawn(codes, 20, np.random.default_rng(0), among)]).tolist() == [2, 0, 18]


def test_a_map_fills_its_square_and_what_lies_far_out_stands_at_the_edge():
    places = np.stack([np.arange(1000.0), np.arange(1000.0) / 10], axis=1)
    places[0] = [-1e6, 1e6]
    square = framed(places)
    assert square[0].tolist() == [0.0, 1.0]
    assert square.min() == 0.0
    np.testing.assert_allclose(np.quantile(square[10:-10], [0, 1], axis=0), [[0.04] * 2, [0.96] * 2], atol=0.01)


def test_company_is_what_the_nearest_neighbors_have_in_common(clusters):
    import polars as pl

    from regulars.report.longtail import Goods

    goods = Goods(pl.Series([str(i) for i in range(90)]), pl.Series(["a"] * 30 + ["b"] * 30 + ["c"] * 30))
    events = np.where(np.arange(90) < 30, 2, 50)
    told = company(clusters, np.ones(90, dtype=bool), np.arange(90), events, goods)
    assert told["few"] == 1.0, "the rare items are a cluster of their own"
    assert told["few_chance"] == pytest.approx(29 / 89)
    assert told["alike"] == 1.0
    assert told["alike_chance"] == pytest.approx(29 / 89)
