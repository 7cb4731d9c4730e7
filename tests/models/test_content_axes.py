"""Axes of content: products of coordinates are those of all that is known, and what is rarer says more."""

import numpy as np
import polars as pl

from regulars.core import QUIET
from regulars.features import Inputs
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
