"""Groups of a table: which rows share a value of a column."""

import numpy as np
import polars as pl

from regulars.core import MISSING, Frame, Ints


def codes_of(frame: Frame, column: str, n: int) -> Ints:
    """The group of each of n rows by the value of a column, the largest group first; int32 [n].

    MISSING where the value is null, and everywhere when there is no such column.
    """
    if column not in frame.columns or frame[column].dtype.is_nested():
        return np.full(n, MISSING, dtype=np.int32)
    values = frame[column].cast(pl.String)
    names = values.drop_nulls().value_counts(sort=True, name="rows").sort("rows", values.name, descending=[True, False])
    codes = {name: place for place, name in enumerate(names[values.name].to_list())}
    return np.array([codes.get(value, MISSING) for value in values.to_list()], dtype=np.int32)


def group_columns(frame: Frame, most: int) -> list[str]:
    """Columns that put rows into groups of 5 and more on average, at most `most`, those with the most groups first."""
    texts = [name for name in frame.columns if frame[name].dtype in (pl.String, pl.Categorical)]
    sizes = {name: frame[name].drop_nulls().n_unique() for name in texts}
    fitting = [name for name in texts if 2 <= sizes[name] <= max(2, frame.height // 5)]
    return sorted(fitting, key=lambda name: -sizes[name])[:most]
