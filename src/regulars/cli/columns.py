"""What columns of a shop say: which items may be recommended, and what the events call an item."""

from collections.abc import Sequence

import polars as pl

from regulars.core import Bools, Dataset
from regulars.core.errors import BadTable

_YES = ("true", "t", "yes", "y", "1")
_NO = ("false", "f", "no", "n", "0", "")


def yes_or_no(column: pl.Series) -> Bools:
    """A column of yes and no, of numbers (more than 0 is yes), or of such words; what is missing is no.

    Raises BadTable when it holds anything else.
    """
    if column.dtype == pl.Boolean:
        return column.fill_null(False).to_numpy()
    if column.dtype.is_numeric():
        return (column.fill_nan(None) > 0).fill_null(False).to_numpy()
    words = column.cast(pl.String, strict=False).fill_null("").str.strip_chars().str.to_lowercase()
    strange = column.filter(~words.is_in((*_YES, *_NO)))
    if len(strange):
        raise BadTable(
            f"[recommend] available wants a column of true and false, or of numbers in stock; "
            f"{column.name} holds {strange[0]!r}. Name another column, or mend the table of items"
        )
    return words.is_in(_YES).to_numpy()


def told_by_events(data: Dataset, columns: Sequence[str]) -> pl.DataFrame:
    """The first value of each column of the events for each item; a frame without columns when there are none."""
    found = [column for column in columns if column in data.context.columns]
    if not found:
        return pl.DataFrame()
    rows = data.context.select(found).with_columns(pl.Series("item", data.item))
    first = rows.group_by("item").agg(pl.col(column).drop_nulls().first() for column in found)
    every = pl.DataFrame({"item": pl.int_range(data.n_items, dtype=pl.Int32, eager=True)})
    return every.join(first, on="item", how="left", maintain_order="left").drop("item")
