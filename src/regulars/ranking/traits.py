"""Traits: attributes of items and customers, and the context of the moment, as clues for a ranker."""

from dataclasses import dataclass, replace

import numpy as np

from regulars.core import Dataset, Floats, Frame, Histories, Ints, Queries
from regulars.features import Encoded, Inputs

from .clues import Clue, Prices, Recency, groups_of, prices_of
from .lessons import TIME
from .pairs import Pairs
from .rhythm import Rhythm
from .table import Table


@dataclass(frozen=True)
class ItemTraits:
    """The attributes of each item: codes int32 [n_items, c], numbers float32 [n_items, m]; see `Inputs`."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    codes: Ints
    numbers: Floats

    @classmethod
    def of(cls, inputs: Inputs, items: Frame, n_items: int) -> "ItemTraits":
        """Those of the whole catalog."""
        table = _table(inputs.encode(items, n_items))
        return cls(_names(inputs), _sizes(inputs), table.codes, table.numbers)

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        return Table(self.numbers[pairs.items], self.codes[pairs.items])


@dataclass(frozen=True)
class CustomerTraits:
    """The attributes of the customer who asks; those that a question lacks are missing."""

    inputs: Inputs

    @property
    def names(self) -> tuple[str, ...]:
        return _names(self.inputs)

    @property
    def sizes(self) -> tuple[int, ...]:
        return _sizes(self.inputs)

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        return _table(self.inputs.encode(queries.attributes, len(queries))).rows(pairs.rows)


@dataclass(frozen=True)
class ContextTraits:
    """The context of the question: device, channel, store; what a question does not say is missing."""

    inputs: Inputs

    @property
    def names(self) -> tuple[str, ...]:
        return _names(self.inputs)

    @property
    def sizes(self) -> tuple[int, ...]:
        return _sizes(self.inputs)

    def table(self, queries: Queries, history: Histories, pairs: Pairs) -> Table:
        return _table(self.inputs.encode(queries.context, len(queries))).rows(pairs.rows)


def plain(inputs: Inputs) -> Inputs:
    """Categories and numbers alone: texts, lists and vectors are left to the sources."""
    return replace(inputs, bags=(), vectors=())


def _table(encoded: Encoded) -> Table:
    return Table(np.concatenate([encoded.numbers, encoded.missing], axis=1), encoded.categories)


def _names(inputs: Inputs) -> tuple[str, ...]:
    columns = [number.column for number in inputs.numbers]
    return (*columns, *(f"no {column}" for column in columns))


def _sizes(inputs: Inputs) -> tuple[int, ...]:
    return tuple(len(column.values) + 1 for column in inputs.categories)


USUAL = ("recency", "groups", "price", "items", "customers")  # what is read unless a shop says otherwise
FEATURES = (*USUAL, "rhythm")


@dataclass(frozen=True)
class Readings:
    """How the tables of a shop are read for a ranker; learned once, so that codes mean the same in every lesson.

    features: those of FEATURES that are used.
    """

    features: tuple[str, ...]
    items: Inputs
    customers: Inputs
    context: Inputs

    @classmethod
    def of(cls, data: Dataset, features: tuple[str, ...], context: tuple[str, ...]) -> "Readings":
        """context: columns of the events that are known when a question is asked.

        Raises MissingColumn for a context column that the events lack, BadTable for a number that is NaN or infinite.
        """
        items, customers = data.item_features, data.user_features
        named = tuple(name for name in context if name != TIME)
        reads_items = {"items", "groups"} & set(features)
        return cls(
            features,
            plain(Inputs.learn(items)) if reads_items and items.width else Inputs(),
            plain(Inputs.learn(customers)) if "customers" in features and customers.width else Inputs(),
            plain(Inputs.learn(data.context, columns=named)) if named else Inputs(),
        )

    def clues(self, data: Dataset) -> tuple[Clue, ...]:
        """What these events tell; the tables of items and customers are those of the shop."""
        made: list[Clue] = []
        if "recency" in self.features:
            made.append(Recency.of(data))
        if "groups" in self.features:
            columns = self.items.categories
            codes = self.items.encode(data.item_features, data.n_items).categories
            made.append(groups_of([column.column for column in columns], codes))
        if "price" in self.features:
            made.append(Prices.of(prices_of(data)))
        if "rhythm" in self.features:
            made.append(Rhythm.of(data))
        if "items" in self.features:
            made.append(ItemTraits.of(self.items, data.item_features, data.n_items))
        if "customers" in self.features:
            made.append(CustomerTraits(self.customers))
        return (*made, *([ContextTraits(self.context)] if self.context else []))
