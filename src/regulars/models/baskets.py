"""Baskets: which events of a log were one purchase."""

import numpy as np

from regulars.core import DAY, Dataset, Longs, longs

NAMES = ("basket", "session")  # columns of the context that number them, the first that is there


def baskets(data: Dataset) -> Longs:
    """The basket of each event, numbered from 0; int64 [n_events].

    A column "basket" or "session" says it, for each customer; without one, what a customer did on a day (UTC) is a
    basket. In a log without times, everything that a customer did is one.
    """
    column = next((name for name in NAMES if name in data.context.columns), None)
    part = data.time // DAY if column is None else _codes(data, column)
    values, codes = np.unique(part, return_inverse=True)
    _, found = np.unique(data.user * np.int64(len(values)) + codes.reshape(-1), return_inverse=True)
    return longs(found.reshape(-1))


def _codes(data: Dataset, column: str) -> Longs:
    """A number for each value of a context column; events without one get that of their day, and no other's."""
    values = data.context[column]
    codes = values.rank("dense").cast(int).fill_null(0).to_numpy().astype(np.int64)
    return np.where(values.is_null().to_numpy(), -1 - data.time // DAY, codes)
