"""Numbers as shops write them: 12.5, 1,234.50, 1.234,50, $3, 3 EUR; and the words that stand for "nothing"."""

import numpy as np
import numpy.typing as npt
import polars as pl

from regulars.core import Bools

BLANKS = ("", "null", "none", "nan", "n/a", "na", "\\n", "<na>", "nil", "-")
ID_BLANKS = ("", "null", "NULL", "Null", "None", "nan", "NaN", "NAN", "\\N", "<NA>", "N/A")  # "NA" and "-" may be ids


def without_blanks(ids: pl.Series) -> pl.Series:
    """Ids with null for those that stand for nobody."""
    if ids.dtype != pl.String:
        return ids
    blank = ids.is_in(list(ID_BLANKS)) | (ids.str.strip_chars() == "")
    return ids.set(blank, None) if blank.any() else ids


def numbers(values: pl.Series) -> tuple[npt.NDArray[np.float64], Bools]:
    """The values as float64 [n], NaN for missing; and which of them are neither missing nor finite numbers."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        found = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return found, np.isinf(found)
    text = values.cast(pl.String)
    plain = text.cast(pl.Float64, strict=False)
    if plain.null_count() > text.null_count():
        rest = plain.is_null() & text.is_not_null()
        unread = rest.arg_true()
        plain = plain.scatter(unread, _spelled(text.gather(unread)))
    found = plain.fill_null(np.nan).to_numpy()
    words = text.is_not_null().to_numpy() & np.isnan(found)
    if words.any():
        rows = np.flatnonzero(words)
        blank = text.gather(rows).str.strip_chars().str.to_lowercase().is_in(list(BLANKS)).to_numpy()
        words[rows[blank]] = False
    return found, words | np.isinf(found)


def _spelled(text: pl.Series) -> pl.Series:
    """Numbers with currency signs, blanks, thousands marks or a decimal comma."""
    bare = text.str.replace_all(r"[\s'\p{Sc}]|[A-Za-z]{3}$|^[A-Za-z]{3}", "")
    bare = bare.str.replace(r"^\((.*)\)$", "-$1")  # (12.50): minus, as accountants write it
    frame = pl.DataFrame({"t": bare})
    comma = pl.col("t").str.contains(r"^-?\d{1,3}(\.\d{3})*,\d+$|^-?\d+,\d+$")
    thousands = pl.col("t").str.contains(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
    swapped = pl.col("t").str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    fixed = pl.when(thousands).then(pl.col("t").str.replace_all(",", "", literal=True)).when(comma).then(swapped)
    return frame.select(fixed.otherwise(pl.col("t")).cast(pl.Float64, strict=False))["t"]
