"""Small panels whose demand is known because it was planted. Imported by the tests of forecasting."""

from datetime import date

import numpy as np
import polars as pl

from regulars.forecasting import Calendar, Panel

MONDAY = date(2024, 1, 1)


def planted(weeks=80, ahead=4, seed=0, elasticity=-2.0):
    """6 stores x 4 products by week: demand falls by `elasticity` with the price, which is known ahead."""
    random = np.random.default_rng(seed)
    keys = pl.DataFrame({"store": np.repeat(np.arange(6), 4), "product": np.tile(np.arange(4), 6)})
    price = np.exp(random.choice([-0.5, 0.0, 0.2], size=(24, weeks + ahead)))
    level = random.normal(3.5, 0.7, size=(24, 1))
    demand = np.exp(level + elasticity * np.log(price) + random.normal(0, 0.1, size=price.shape))
    units = np.round(demand).astype(np.float32)
    return Panel(keys, Calendar(MONDAY), units[:, :weeks], {"price": price.astype(np.float32)}), units[:, weeks:]


def bare(units, step="week", **more):
    """A panel of one key from a list of lists; None is not observed."""
    values = np.array([[np.nan if unit is None else unit for unit in row] for row in units], dtype=np.float32)
    keys = pl.DataFrame({"product": [f"p{place}" for place in range(len(values))]})
    return Panel(keys, Calendar(MONDAY, step), values, **more)
