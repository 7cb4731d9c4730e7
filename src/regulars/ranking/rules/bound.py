"""Rules as they hold for a catalog: what may be shown, in the situation of each question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.core import MISSING, Allowed, Bools, Longs, Queries

from .catalog import GONE, ITEMS, Catalog
from .columns import Numbers
from .evaluation import mask_of, resolved
from .language import Condition
from .masks import Mask
from .parts import ANY, Screen

if TYPE_CHECKING:
    from .rules import Rules

Variable = tuple[str, str]  # scope and name


@dataclass(frozen=True, eq=False)
class Situation:
    """What some questions of a batch have in common, as far as the rules look: the context, and about the moment.

    rows: int64, which questions. variables: the values of the context that the rules name.
    """

    rows: Longs
    variables: dict[Variable, Any]
    now: float

    def key(self, names: Sequence[Variable]) -> tuple[object, ...]:
        """The values of some variables, to find again what was made of them."""
        return tuple(_key(self.variables.get(name)) for name in names)


@dataclass(frozen=True, eq=False)
class Bound:
    """Rules for one catalog. Cheap to make: masks are kept by the catalog, whoever asks for them.

    kinds: the name of each code of the histories' kinds.
    """

    rules: "Rules"
    catalog: Catalog
    kinds: tuple[str, ...] = ()

    @property
    def arranges(self) -> bool:
        """Whether the order of a list matters to the rules: pins, caps, shares, boosts, burials, weights, diversity."""
        return self.rules.arranges

    def allowed(self, queries: Queries) -> Allowed:
        """What may be answered to each query: one mask for all where the rules see no difference, else [n, n_items]."""
        if not self.variables and not self.rules.asks_now and len(queries):
            seen, mask = self.seen(queries), self._always
            return seen if mask is None else Allowed(self._row(mask), seen.starts, seen.excluded)
        situations = self.situations(queries)
        masks = [self.screened(situation) for situation in situations]
        seen = self.seen(queries)
        if all(mask is None for mask in masks):
            return seen
        if len(masks) == 1:
            return Allowed(self._row(masks[0]), seen.starts, seen.excluded)
        dense = np.ones((len(queries), self.catalog.n_items), dtype=np.bool_)
        for situation, mask in zip(situations, masks, strict=True):
            dense[situation.rows] = self._row(mask)
        return Allowed(dense, seen.starts, seen.excluded)

    def seen(self, queries: Queries) -> Allowed:
        """Everything but what `unseen` forbids to show again."""
        unseen = self.rules.unseen
        if not unseen:
            return Allowed()
        if ANY in unseen:
            return Allowed.all_but(queries.history)
        codes = [code for code, kind in enumerate(self.kinds) if kind in unseen]
        return Allowed.all_but(queries.history.where(np.isin(queries.history.kinds, codes)))

    def situations(self, queries: Queries) -> list[Situation]:
        """The questions of a batch, those together between which no rule sees a difference."""
        rows = np.arange(len(queries))
        if not len(queries):
            return []
        if not self.variables:
            return list(self._moments(rows, {}, queries.times))
        columns = [_column(queries, variable) for variable in self.variables]
        groups: dict[tuple[object, ...], tuple[list[int], tuple[Any, ...]]] = {}
        for row, values in enumerate(zip(*columns, strict=True)):
            groups.setdefault(tuple(map(_key, values)), ([], values))[0].append(row)
        return [
            situation
            for members, values in groups.values()
            for situation in self._moments(
                np.array(members), dict(zip(self.variables, values, strict=True)), queries.times
            )
        ]

    def may(self, situation: Situation, but: tuple[Condition, ...] = ()) -> Allowed:
        """What may be shown at all in a situation, `but` what these conditions are true of."""
        mask = self.screened(situation, but)
        return Allowed() if mask is None else Allowed(self._row(mask))

    def screened(self, situation: Situation, but: tuple[Condition, ...] = ()) -> Mask | None:
        """The mask of that; None for everything."""
        screens, catalog = self.rules.screens, self.catalog
        if not screens and catalog.gone is None and not self.arranges:
            return None  # else what the catalog does not hold cannot be arranged
        key = (screens, but, situation.key(self.variables if but else self._of_screens))
        found = catalog.masks.get(key, situation.now)
        if found is not None:
            return found
        parts = [part for screen in screens for part in self._parts(screen, situation)]
        parts += [] if catalog.gone is None else [Mask(~catalog.gone)]
        for condition in but:
            mask = self.mask(condition, situation)
            parts.append(Mask(~mask.values, mask.low, mask.high, mask.depends))
        return catalog.masks.keep(key, _all(parts, catalog.room))

    def mask(self, condition: Condition, situation: Situation) -> Mask:
        """What a condition is true of; bool [room]."""
        names = self._variables_of(condition)
        key = (condition.text, situation.key(names))
        found = self.catalog.masks.get(key, situation.now)
        if found is not None:
            return found
        made = mask_of(condition, self.catalog, situation.variables, situation.now)
        return self.catalog.masks.keep(key, made)

    @cached_property
    def _always(self) -> Mask | None:
        """The mask of everybody, where nothing of a question matters."""
        return self.screened(Situation(np.zeros(1, dtype=np.int64), {}, 0.0))

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """What the rules name that is no field of the items."""
        names = [name for _, condition in self.rules.conditions for name in self._variables_of(condition)]
        return tuple(dict.fromkeys(names))

    @cached_property
    def _of_screens(self) -> tuple[Variable, ...]:
        wheres = [screen.where for screen in self.rules.screens if screen.where]
        return tuple(dict.fromkeys(name for where in wheres for name in self._variables_of(where)))

    def _variables_of(self, condition: Condition) -> tuple[Variable, ...]:
        pointed = (resolved(name, self.catalog) for name in condition.names)
        return tuple(variable for variable in pointed if variable[0] != "item")

    def _moments(self, rows: Longs, variables: dict[Variable, Any], times: Longs) -> Iterator[Situation]:
        """Rows that differ in their moments alone, those together between which no mask changes."""
        left = rows
        while self.rules.asks_now and len(left):
            now = float(times[left[0]])
            situation = Situation(left, variables, now)
            masks = [self.screened(situation)]
            masks += [self.mask(where, situation) for _, where in self.rules.conditions if where.asks_now]
            low = max((mask.low for mask in masks if mask), default=-inf)
            high = min((mask.high for mask in masks if mask), default=inf)
            alike = (times[left] >= low) & (times[left] < high)
            yield Situation(left[alike], variables, now)
            left = left[~alike]
        if len(left):
            yield Situation(left, variables, float(times[left[0]]))

    def _parts(self, screen: Screen, situation: Situation) -> Iterator[Mask]:
        if screen.where is not None:
            yield self.mask(screen.where, situation)
        if screen.allow is not None:
            yield Mask(self._listed(screen.allow), depends=frozenset([ITEMS]))
        if screen.deny:
            yield Mask(~self._listed(screen.deny), depends=frozenset([ITEMS]))
        if screen.available_from:
            yield self._since(screen.available_from, situation.now)
        if screen.available_until:
            since = self._since(screen.available_until, situation.now, otherwise=False)
            yield Mask(~since.values, since.low, since.high, since.depends)

    def _listed(self, ids: Sequence[str]) -> Bools:
        mask = np.zeros(self.catalog.room, dtype=np.bool_)
        rows = np.array(self.catalog.items.places(ids), dtype=np.int64)
        mask[rows[rows != MISSING]] = True
        return mask

    def _since(self, name: str, now: float, *, otherwise: bool = True) -> Mask:
        """The items whose moment has come, until that of the next one; otherwise: those without a moment."""
        column, depends = self.catalog.columns.get(name), frozenset([name])
        if not isinstance(column, Numbers):
            return Mask(np.full(self.catalog.room, otherwise), depends=depends)
        times = column.values
        come, ahead = times <= now, times > now
        low, high = np.where(come, times, -inf).max(initial=-inf), np.where(ahead, times, inf).min(initial=inf)
        return Mask(~ahead if otherwise else come, float(low), float(high), depends)

    def _row(self, mask: Mask | None) -> Bools:
        n = self.catalog.n_items
        return np.ones((1, n), dtype=np.bool_) if mask is None else mask.row(n)


def _all(masks: Sequence[Mask], room: int) -> Mask:
    """Where every mask is true; it depends on deletions too."""
    values = np.ones(room, dtype=np.bool_)
    for mask in masks:
        values &= mask.values
    low, high = max((mask.low for mask in masks), default=-inf), min((mask.high for mask in masks), default=inf)
    return Mask(values, low, high, frozenset([GONE]).union(*(mask.depends for mask in masks)))


def _column(queries: Queries, variable: Variable) -> Sequence[Any]:
    """The values of one variable, for each question."""
    frame = queries.context if variable[0] == "context" else queries.attributes
    return frame[variable[1]].to_list() if variable[1] in frame.columns else [None] * len(queries)


def _key(value: Any) -> object:
    """A value of the context as a part of a key: 1, 1.0 and true are different, and what is unhashable is not."""
    if isinstance(value, list):
        return tuple(map(_key, value))
    return (value.__class__, None if value != value else value) if not isinstance(value, dict) else dict
