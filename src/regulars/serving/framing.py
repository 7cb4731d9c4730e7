"""Framing: what is known of a moment and of a customer, as the columns that models were fitted on."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from regulars.core import Frame

Schema = Mapping[str, pl.DataType | None]  # None: whatever it is
Documents = Sequence[Mapping[str, Any]]

_NOTHING = pl.DataFrame()


def framed(documents: Documents, schema: Schema, *, others: bool = False) -> Frame:
    """One row for each document: the columns of the schema, null where a document lacks them or says something else.

    others: the fields that the schema does not name, too. A frame without columns when there is nothing to tell.
    """
    names = list(schema)
    if others and any(documents):
        names += [name for name in dict.fromkeys(name for one in documents for name in one) if name not in schema]
    if not names:
        return _NOTHING
    return pl.DataFrame([_column(name, documents, schema.get(name)) for name in names])


def _column(name: str, documents: Documents, dtype: pl.DataType | None) -> pl.Series:
    values = [document.get(name) for document in documents]
    if dtype is None:
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            values = [None if value is None else str(value) for value in values]
        return pl.Series(name, values, strict=False)
    try:
        return pl.Series(name, values, strict=False).cast(dtype, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        return pl.Series(name, [None] * len(values), dtype=dtype)
