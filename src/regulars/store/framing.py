"""Rows of a database as a table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from regulars.core import Frame

from .database import Row


def framed(parts: Iterable[Sequence[Row]], columns: Mapping[str, Any]) -> Frame:
    """A table of typed columns out of rows that come part by part."""
    empty = pl.DataFrame(schema=dict(columns))
    made = [
        pl.DataFrame(
            [
                pl.Series(name, values, dtype=kind)
                for (name, kind), values in zip(columns.items(), zip(*rows, strict=True), strict=True)
            ]
        )
        for rows in parts
        if rows
    ]
    return pl.concat([empty, *made])


def column(name: str, values: Sequence[Any]) -> pl.Series:
    """The values of one field of many documents; those of unlike types become numbers where they can, else texts."""
    kinds = {type(value) for value in values} - {type(None)}
    if len(kinds) <= 1:
        try:
            return pl.Series(name, values)
        except (pl.exceptions.PolarsError, TypeError, OverflowError):
            return _texts(name, values)
    if kinds <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return _texts(name, values)


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    texts = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
    return pl.Series(name, texts, dtype=pl.String)
