"""Axes of content: products of coordinates are those of all that is known, and what is rarer says more."""

import numpy as np
import polars as pl

from regulars.core import QUIET
from regulars.features import Inputs
from regulars.models import content_axes
from regulars.models.content_axes import content_space

N = 200
TABLE = pl.DataFrame(
    {
        "brand": ["own" if item < 190 else f"rare {item // 2}" for item in range(N)],
        "color": [f"color {item % 4}" for item in range(N)],
    }
)


def space(table, width):
    inputs = Inputs.learn(table)
    rows = inputs.encode(table)
    return content_space(inputs, rows, width, QUIET), rows


def test_coordinates_are_one_long_on_average_and_longer_where_rarer_things_are_known():
    fitted, rows = space(TABLE, 50)
    lengths = np.linalg.norm(fitted.of(rows), axis=1)
    assert np.isclose(lengths.mean(), 1, atol=1e-5)
    assert lengths[190:].min() > 2 * lengths[:190].max()


def test_of_two_likely_items_the_one_of_the_rarer_brand_is_the_likelier():
    fitted, rows = space(TABLE, 50)
    found = fitted.of(rows)
    history = found[3] + found[195]
    assert history @ found[194] > history @ found[7]


def test_random_axes_keep_products_but_for_about_the_inverse_root_of_their_number():
    names = [f"word{item % 37} thing{item % 41} part{item % 43}" for item in range(N)]
    (exact, rows), (drawn, _) = (space(TABLE.with_columns(name=pl.Series(names)), width) for width in (10_000, 32))
    assert drawn.width == 32 < exact.width
    wanted, found = exact.of(rows), drawn.of(rows)
    lengths = np.linalg.norm(wanted, axis=1)
    wrong = (found @ found.T - wanted @ wanted.T) / (lengths * lengths[:, np.newaxis])
    assert 0.5 < np.sqrt((wrong**2).mean()) * 32**0.5 < 2


def departments():
    """800 items of 4 departments, which twelve columns tell, each wrongly for a tenth, and of two words out of 150."""
    random = np.random.default_rng(0)
    of = random.integers(4, size=800)
    words = random.integers(150, size=(800, 2))
    told = np.where(random.random((12, 800)) < 0.9, of, random.integers(4, size=(12, 800)))
    shared = {f"shared {column}": [f"{column} of {one}" for one in some] for column, some in enumerate(told)}
    return pl.DataFrame({**shared, "name": [f"word{one} thing{other}" for one, other in words]})


def test_what_departments_share_has_axes_of_its_own_and_leaves_less_to_chance(monkeypatch):
    table = departments()
    exact, rows = space(table, 10_000)
    wanted = exact.of(rows)
    some, _ = space(table, 64)
    monkeypatch.setattr(content_axes, "LEADING", 0.0)
    none, _ = space(table, 64)
    wrong = [np.square(one.of(rows) @ one.of(rows).T - wanted @ wanted.T).mean() ** 0.5 for one in (some, none)]
    assert wrong[0] < 0.7 * wrong[1]


def test_the_axes_that_are_drawn_say_nothing_of_what_the_leading_ones_tell():
    table = departments()
    inputs = Inputs.learn(table)
    rows = inputs.encode(table)
    drawn = content_space(inputs, rows, 64, QUIET)
    weights = np.diag(content_space(inputs, rows, 10_000, QUIET).axes)
    told = drawn.axes[weights > 0] / weights[weights > 0, np.newaxis]
    alone = np.abs(told.T @ told - np.eye(64))[: int(content_axes.LEADING * 64)]
    leading = alone.max(1) < 1e-3
    assert 1 <= leading.sum() == np.flatnonzero(leading).max() + 1
