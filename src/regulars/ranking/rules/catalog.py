"""Catalog: what the rules know of the items."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from regulars.core import Bools, Frame, Ints, Vocabulary
from regulars.core.errors import BadTable, VocabularyMismatch

from .columns import Column, Numbers, column_of_series, column_of_values
from .masks import Masks

ITEMS: Final = "\0items"  # what a mask depends on that asks for ids
GONE: Final = "\0gone"  # what a mask depends on that leaves out deleted items
_SPARE = 16  # a catalog that is full grows by one part in so many

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Catalog:
    """The fields of the items as typed columns in the order of their indices; a value, `patched` makes another.

    columns: [room] each, at least as long as there are items. gone: bool [room], deleted items, which no rule allows.
    version: grows with every change. contradictions: by field, how many values were of another kind than the first
    one (a text where numbers were) and are missing therefore.
    """

    items: Vocabulary
    columns: Mapping[str, Column] = field(default_factory=dict)
    room: int = 0
    gone: Bools | None = None
    version: int = 0
    contradictions: Mapping[str, int] = field(default_factory=dict)
    masks: Masks = field(default_factory=Masks, repr=False)

    def __post_init__(self) -> None:
        if self.room < len(self.items):
            object.__setattr__(self, "room", len(self.items))

    @classmethod
    def of(cls, frame: Frame, items: Vocabulary) -> "Catalog":
        """From a table with one row for each item, in their order; or without columns, where nothing is known.

        Structs become maps; lists of texts, and vectors, stay what they are; texts that are all ISO 8601 become times.
        """
        if frame.width and frame.height != len(items):
            raise BadTable(f"a catalog needs {len(items)} rows, one for each item; the table has {frame.height}")
        room = _roomy(len(items))
        read = {series.name: column_of_series(series, room) for series in frame}
        columns = {name: column for name, column in read.items() if column is not None}
        if left := [f"{name} ({frame.schema[name]})" for name, column in read.items() if column is None]:
            log.info("rules cannot use these fields of the items: %s", ", ".join(left))
        return cls(items, columns, room)

    @classmethod
    def of_documents(cls, documents: Sequence[Mapping[str, Any] | None], items: Vocabulary) -> "Catalog":
        """From a JSON object for each item, in their order; None where nothing is known."""
        empty = cls(items, {}, _roomy(len(items)))
        rows = np.array([row for row, document in enumerate(documents) if document], dtype=np.int32)
        return replace(empty.patched(rows, [documents[row] or {} for row in rows]), version=0)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def fields(self) -> dict[str, str]:
        """The kind of each field: number, flag, time, text, list, map or vector."""
        return {name: column.kind for name, column in self.columns.items()}

    def patched(self, rows: Ints, documents: Sequence[Mapping[str, Any]], *, replaced: bool = False) -> "Catalog":
        """With the fields of a JSON object laid over what is known of each of `rows`; None takes a field away.

        replaced: the object is all that is known of the item. One copy of each field in question, whatever the number
        of rows. Items that were gone are there again.
        """
        merged: dict[int, dict[str, Any]] = {}
        for row, document in zip(np.asarray(rows).tolist(), documents, strict=True):
            merged[row] = dict(document) if replaced else {**merged.get(row, {}), **document}
        if not merged:
            return self
        names = dict.fromkeys(name for document in merged.values() for name in document)
        names |= dict.fromkeys(self.columns) if replaced else {}
        columns, told = dict(self.columns), dict(self.contradictions)
        for name in names:
            given = {row: document.get(name) for row, document in merged.items() if replaced or name in document}
            column = columns.get(name) or column_of_values(given.values(), self.room)
            if column is not None:
                columns[name], lost = column.patched(np.fromiter(given, dtype=np.int32), list(given.values()))
                self._tell(name, column.kind, lost, told)
        back = self._gone(np.fromiter(merged, dtype=np.int32), np.False_)
        return self._changed(frozenset(names), columns=columns, gone=back, contradictions=told)

    def extended(self, items: Vocabulary) -> "Catalog":
        """For more items, of whom nothing is known yet. Raises VocabularyMismatch when `items` do not extend these."""
        if len(items) == len(self.items):
            return self
        if len(items) < len(self.items) or not items.extends(self.items):
            raise VocabularyMismatch(
                f"a catalog of {len(self.items)} items grows at its end only; these are {len(items)} other ones"
            )
        if len(items) <= self.room:
            return self._changed(frozenset([ITEMS]), items=items)
        room = _roomy(len(items))
        columns = {name: column.roomier(room) for name, column in self.columns.items()}
        gone = None if self.gone is None else np.pad(self.gone, (0, room - self.room))
        return replace(
            self, items=items, columns=columns, room=room, gone=gone, version=self.version + 1, masks=Masks()
        )

    def without(self, rows: Ints) -> "Catalog":
        """Without these items: they keep their indices, but no rule allows them until they are patched again."""
        return self._changed(frozenset(), gone=self._gone(rows, np.True_))

    def numbers(self, name: str) -> Numbers | None:
        """A column of numbers, flags or times; None where there is none of that name."""
        column = self.columns.get(name)
        return column if isinstance(column, Numbers) else None

    def _gone(self, rows: Ints, gone: np.bool_) -> Bools | None:
        if self.gone is None and not gone:
            return None
        marks = np.zeros(self.room, dtype=np.bool_) if self.gone is None else self.gone.copy()
        marks[rows] = gone
        return marks

    def _changed(self, changed: frozenset[str], **parts: Any) -> "Catalog":
        if "gone" in parts and not _same(self.gone, parts["gone"]):
            changed |= {GONE}
        return replace(self, version=self.version + 1, masks=self.masks.without(changed), **parts)

    def _tell(self, name: str, kind: str, lost: int, told: dict[str, int]) -> None:
        if lost and name not in told:
            log.warning("field %s holds values of the kind %s; others count as missing", name, kind)
        if lost:
            told[name] = told.get(name, 0) + lost


def _roomy(n: int) -> int:
    return n + max(64, n // _SPARE)


def _same(left: Bools | None, right: Bools | None) -> bool:
    return left is right or (left is not None and right is not None and np.array_equal(left, right))
