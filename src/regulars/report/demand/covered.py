"""Covered: how many steps fell between two quantiles, where as many as promised should."""

import numpy as np
import polars as pl

from regulars.core import Frame
from regulars.forecasting import Judgment
from regulars.forecasting.accuracy import Sums

from .study import OWN


def inside(judgment: Judgment) -> Frame:
    """interval ("90 % interval"), nominal, step (from 1; 0: all of them), value, low, high; no rows without quantiles.

    Steps of nothing sold count as inside where the lower quantile is 0.
    """
    one = judgment.rolled[OWN]
    quantiles = one.quantiles
    schema = ["interval", "nominal", "step", "value", "low", "high"]
    rows: list[tuple[str, float, int, float, float, float]] = []
    if quantiles is not None:
        levels = one.forecasts[0].levels
        told = ~np.isnan(one.actual) & ~np.isnan(quantiles).any(axis=-1)
        for place in range(len(levels) // 2):
            nominal = levels[len(levels) - 1 - place] - levels[place]
            hit = told & (one.actual >= quantiles[..., place])
            hit &= one.actual <= quantiles[..., len(levels) - 1 - place]
            for step in range(one.actual.shape[2] + 1):
                cells = slice(None) if not step else slice(step - 1, step)
                part = Sums(_over(hit[:, :, cells]), _over(told[:, :, cells]))
                rows.append(
                    (f"{100 * nominal:.0f} % interval", nominal, step, part.value(), *part.interval(judgment.times))
                )
    return pl.DataFrame(rows, schema, orient="row") if rows else pl.DataFrame(schema=dict.fromkeys(schema, pl.Float64))


def _over(cells: np.ndarray) -> np.ndarray:
    return np.asarray(cells.sum(axis=(0, 2), dtype=np.float64))
