"""Goods: the items of the shop as a replica knows them, kept up to date with the store."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from regulars.core import MISSING, Ints, Longs, Vocabulary, aligned, longs
from regulars.ranking.rules import Catalog
from regulars.store import Entities, Entity

from .loading import Loaded

_MANY = 5_000  # documents asked for at a time


class Goods:
    """The catalog, what people call each item, and how far the changes of the store are in it. Changes with them.

    naming: the fields that make up the name of an item; without them it is called by its id.
    """

    def __init__(self, store: Entities, naming: Sequence[str] = ()) -> None:
        self._store, self._naming = store, tuple(naming)
        self.catalog = Catalog.of(pl.DataFrame(), Vocabulary.of(pl.Series([], dtype=pl.String)))
        self.names: tuple[str, ...] = ()
        self.place = 0
        self._gone: set[str] = set()

    def begin(self, loaded: Loaded) -> None:
        """The catalog as it was when a version was made."""
        items = loaded.deployment.items
        self.catalog = Catalog.of(loaded.catalog, items)
        self.names = tuple(loaded.names.to_list())
        self.place = loaded.places.items
        self._gone = set()
        self._remove(loaded.gone)

    def change(self, changes: Sequence[Entity]) -> list[int]:
        """Takes in what `since` told; the indices of the items that changed. New ones come to the end."""
        rows = self.rows([one.id for one in changes])
        kept = [(row, one.fields) for row, one in zip(rows.tolist(), changes, strict=True) if not one.deleted]
        if kept:
            places = np.array([row for row, _ in kept], dtype=np.int32)
            self.catalog = self.catalog.patched(places, [fields for _, fields in kept], replaced=True)
            self._gone -= {one.id for one in changes if not one.deleted}
            self._rename(kept)
        self._remove([one.id for one in changes if one.deleted])
        self.place = changes[-1].place
        return [row for row, _ in kept]

    def rows(self, ids: Sequence[str]) -> Ints:
        """The index of each item; those that are met for the first time come to the end of the catalog."""
        items = self.catalog.items
        found = np.array(items.places(ids), dtype=np.int32)
        if (new := found == MISSING).any():
            met = [ids[place] for place in np.flatnonzero(new).tolist()]
            self._extend(items.extended(pl.Series(met, dtype=pl.String)))
            found = np.array(self.catalog.items.places(ids), dtype=np.int32)
        return found

    def documents(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """What the store knows of these items; {} of those that it does not have."""
        parts = (self._store.get(ids[start : start + _MANY]) for start in range(0, len(ids), _MANY))
        return [{} if one is None else one.fields for part in parts for one in part]

    def reorder(self, items: Vocabulary) -> Longs:
        """The same catalog in the order of `items`, with the others behind; the new index of each old one."""
        old = self.catalog.items
        wanted = items.extended(old.ids)
        self.place = self._store.last_place()
        table = self._store.frame()
        wanted = wanted.extended(table["item_id"])
        self.catalog = Catalog.of(aligned(table, wanted, "item_id"), wanted)
        places = longs(wanted.index(old.ids))
        names = wanted.ids.cast(pl.String).to_list()
        for place, name in zip(places.tolist(), self.names, strict=True):
            names[place] = name
        self.names = tuple(names)
        self._remove(self._gone - set(table["item_id"].to_list()))
        return places

    def _extend(self, items: Vocabulary) -> None:
        new = items.ids[len(self.catalog.items) :]
        self.catalog = self.catalog.extended(items)
        self.names += tuple(new.cast(pl.String).to_list())

    def _remove(self, ids: Iterable[str]) -> None:
        gone = list(ids)
        if gone:
            rows = np.array([row for row in self.catalog.items.places(gone) if row != MISSING], dtype=np.int32)
            self.catalog = self.catalog.without(rows)
            self._gone.update(gone)

    def _rename(self, changed: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """What the changed items are called now, where a name is told."""
        told = ((row, called(fields, self._naming)) for row, fields in changed)
        new = {row: name for row, name in told if name and name != self.names[row]}
        if new:
            names = list(self.names)
            for row, name in new.items():
                names[row] = name
            self.names = tuple(names)


def called(fields: Mapping[str, Any], naming: Sequence[str]) -> str:
    """What people call an item, by its fields; empty if they do not tell."""
    return " ".join(str(fields[name]) for name in naming if fields.get(name) is not None).strip()
