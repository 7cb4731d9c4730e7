"""Placing: a version in use, and in its models the items that came since its fit, by what is known of them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from regulars.core import AddsItems, Frame, Recommender, Vocabulary
from regulars.core.errors import CannotDo, ConfigError, DataError, MissingExtra, ModelError, RegularsError

from .deployment import Deployment
from .loading import Loaded

Documents = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
Describe = Callable[[Frame, Mapping[str, str]], Frame]
_log = logging.getLogger(__name__)


class Placing:
    """A loaded version that takes new items into those of its models that can. Changes as items come.

    describe: makes of the fields of new items what models read (vectors of their texts), given the identity of the
    encoder of each column of vectors that they were fitted on; None: the fields are all there is.
    """

    def __init__(self, loaded: Loaded, describe: Describe | None = None) -> None:
        self.loaded, self._describe = loaded, describe
        self.deployment: Deployment = loaded.deployment
        found = loaded.deployment.recommenders.items() if loaded.features.width else ()
        self._able = [name for name, recommender in found if isinstance(recommender, AddsItems)]
        self._known = np.empty(0, dtype=np.uint64)  # what was known of each item that was added, as a hash

    @property
    def first(self) -> int:
        """The index of the first item that the fit did not see."""
        return len(self.loaded.deployment.items)

    @property
    def waiting(self) -> int:
        """From which index on items are not placed yet."""
        return self.first + len(self._known)

    def concerns(self, rows: Sequence[int], n_items: int) -> bool:
        """Whether these changed items, or those of a catalog of n_items, are to be placed here."""
        return bool(self._able) and (n_items > self.waiting or any(self.first <= row < self.waiting for row in rows))

    def follow(self, items: Vocabulary, documents: Documents) -> bool:
        """Places the items that came, and again those of which something else is known now; whether any was.

        items: of the catalog, whose order is that of the models.
        """
        if not self._able or len(items) == self.first:
            return False
        try:
            features = self._features(documents(items.ids[self.first :].cast(pl.String).to_list()))
        except (ModelError, ConfigError, DataError, MissingExtra) as error:
            _log.error("new items cannot be placed in version %s: %s", self.deployment.version, error)
            self._able = []
            return False
        known = features.hash_rows(5).to_numpy()
        old = len(self._known)
        if len(known) == old and (known == self._known).all():
            return False
        again = bool((known[:old] != self._known).any())
        start = 0 if again else old
        source = self.loaded.deployment.recommenders if again else self.deployment.recommenders
        added = {name: self._added(name, source[name], features[start:]) for name in self._able}
        self._able = [name for name in self._able if added[name] is not None]
        able = {name: recommender for name, recommender in added.items() if recommender is not None}
        self.deployment = replace(
            self.deployment,
            items=items,
            recommenders={**self.loaded.deployment.recommenders, **self.deployment.recommenders, **able},
        )
        self._known = known
        return True

    def restart(self) -> None:
        """Forgets the items that were placed: their order is another now."""
        self.deployment, self._known = self.loaded.deployment, np.empty(0, dtype=np.uint64)

    def _added(self, name: str, recommender: Recommender, features: Frame) -> Recommender | None:
        """With the items of `features`; None when it cannot take any."""
        try:
            return recommender.add_items(features) if isinstance(recommender, AddsItems) else None
        except CannotDo:
            return None
        except RegularsError as error:
            _log.warning("new items cannot be placed in %s of version %s: %s", name, self.deployment.version, error)
            return None

    def _features(self, documents: Sequence[Mapping[str, Any]]) -> Frame:
        """What models read of these items, in the columns and types of the fit."""
        schema = self.loaded.features.schema
        frame = pl.DataFrame([_column(name, dtype, documents) for name, dtype in schema.items()])
        if self._describe is not None:
            frame = self._describe(frame, self.loaded.content)
        return frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None).alias(name)).cast(dtype, strict=False)
            for name, dtype in schema.items()
        )


def _column(name: str, dtype: pl.DataType, documents: Sequence[Mapping[str, Any]]) -> pl.Series:
    """One field of the documents in the type that a model knows; what does not fit is unknown."""
    values = [document.get(name) for document in documents]
    if dtype.is_temporal():
        texts = pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
        return texts.str.to_datetime(strict=False, time_unit="us").cast(dtype, strict=False)
    try:
        return pl.Series(name, values, dtype=dtype, strict=False)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [_fitting(value, dtype) for value in values], dtype=dtype)


def _fitting(value: Any, dtype: pl.DataType) -> Any:
    try:
        return pl.Series([value], dtype=dtype, strict=False)[0]
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return None
