"""What a column of a table means: told by its type, its name and a look at its values."""

import re
from collections.abc import Mapping
from typing import Final

import polars as pl

from regulars.core import Frame
from regulars.core.errors import MissingColumn, SettingError

KINDS: Final = ("category", "list", "number", "value", "date", "text", "skip")
"""category: one of few values; list: several of them; number: a size, read by its bin; value: a size, standardized;
date: a day or moment, read by its bin; text: words; skip: left out."""

SEPARATORS: Final = ("|", ";")  # between the values of a list that is written as text
FEW = 20  # different whole numbers that are read as names, not as sizes
WORDY = 4.0  # words of a value, on average, from which on it is a text
OFTEN = 5  # rows that share a name, on average; values of several words that fewer rows share are texts
_SAMPLE = 20_000  # values looked at
_CODE = re.compile(
    r"(^|_)(id|no|nr|num|number|code|key|sku|ean|zip|postcode)$|manufacturer|brand|supplier|vendor|store"
)


def kind_of(values: pl.Series) -> str:
    """The kind of a column, one of KINDS; "skip" for what says nothing (one value, or none) or cannot be read."""
    dtype = values.dtype
    if isinstance(dtype, (pl.List, pl.Array)):
        return "skip" if dtype.inner.is_nested() or dtype.inner.is_float() else "list"  # fractions are a vector
    if dtype.is_nested() or dtype in (pl.Null, pl.Binary, pl.Object, pl.Time):
        return "skip"
    known = values.drop_nulls()
    if known.n_unique() < 2:
        return "skip"
    if dtype.is_temporal():
        return "date" if dtype != pl.Duration else "number"
    if dtype.is_integer():
        return "category" if known.n_unique() <= FEW or _CODE.search(values.name.lower()) else "number"
    if dtype.is_numeric():
        return "number"
    return "category" if dtype == pl.Boolean else _of_text(known.cast(pl.String))


def separator_of(values: pl.Series) -> str:
    """What stands between the values of a list written as text; "" if the column is no such list."""
    if values.dtype != pl.String:
        return ""
    some = values.drop_nulls().head(_SAMPLE)
    shares = {mark: some.str.contains(mark, literal=True).mean() for mark in SEPARATORS}
    return next((mark for mark, share in shares.items() if isinstance(share, float) and share >= 0.2), "")


def _of_text(known: pl.Series) -> str:
    if separator_of(known):
        return "list"
    words = known.head(_SAMPLE).str.count_matches(r"\S+").mean()
    length = words if isinstance(words, float) else 0.0
    rare = known.n_unique() > len(known) / OFTEN
    return "text" if length >= WORDY or (length > 1.5 and rare) else "category"


def check_kinds(frame: Frame, kinds: Mapping[str, str], legal: tuple[str, ...]) -> None:
    """Raises MissingColumn for a name that the table lacks, SettingError for a kind that is not among `legal`."""
    lost = [name for name in kinds if name not in frame.columns]
    if lost:
        raise MissingColumn(f"kinds names the columns {lost}; the table has {frame.columns}")
    wrong = {name: kind for name, kind in kinds.items() if kind not in legal}
    if wrong:
        raise SettingError(f"the kind of a column is one of {', '.join(legal)}; given was {wrong}")


def echoes(frame: Frame, names: list[str]) -> set[str]:
    """Categories that say just what another one says; names win over numbers, then the earlier over the later."""
    ordered = sorted(names, key=lambda name: frame[name].dtype.is_numeric())
    sizes = {name: frame[name].n_unique() for name in ordered}
    found: set[str] = set()
    for place, name in enumerate(ordered):
        for other in ordered[:place]:
            if other not in found and sizes[other] == sizes[name] == frame.select(other, name).n_unique():
                found.add(name)
                break
    return found
