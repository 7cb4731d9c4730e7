"""Content to collaborative: every item gets a place among the vectors of behavior, by what is known of it."""

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.core import QUIET, Dataset, Run, floats, from_names, setting
from regulars.core.errors import CannotDo, SettingError
from regulars.features import Inputs

from .als import ALS
from .bpr import BPR
from .described import described
from .folds import came_back
from .freshness import log_rates
from .jury import MOST, Places
from .kinds.bridge import Bridge
from .kinds.content_map import ContentMap
from .kinds.factors import Factors
from .kinds.gate import Decision
from .lives import discoveries
from .logistic_mf import LogisticMF
from .mapping import Catalog, Ground
from .pure_svd import PureSVD
from .rehearsal import Rehearsal
from .ridge_map import ridge_map, said
from .sasrec import SASRec
from .trained import Trained
from .two_tower import TwoTower
from .warp import WARP

FEW = 500  # withheld events that small shops give, if they are not more than half of the customers'
SMALL = 0.02  # part of the events that are hardly missed

if TYPE_CHECKING:
    from .withheld import Withheld

BASES: dict[str, Any] = {
    "als": ALS,
    "bpr": BPR,
    "warp": WARP,
    "logistic_mf": LogisticMF,
    "pure_svd": PureSVD,
    "sasrec": SASRec,
    "two_tower": TwoTower,
}


@dataclass(frozen=True)
class ContentToCF(Trained):
    """A model of behavior in which every item of which anything is known has its place, seen or not.

    base: the method whose model is extended, with `base_settings` ("factors = 64"). A question is read as it does, and
    by the mean content of the history, in `likeness` coordinates; 0: by behavior alone.
    mapping: "softmax", a tower learns what customers, as if the items of one of `folds` folds were new, chose among
    the items of that fold; "mse", a tower learns the vectors of items that `least` customers met, by squared error;
    "ridge", a linear map to those in closed form, with this `ridge`; the latter two read no content of histories.
    alignment: weight of the distance from items' own vectors, beside the softmax. adapts: the coordinates of content
    are learned, too; with 20,000 words that wants a long log. layers: hidden ones of the tower, `hidden` wide, over an
    `embedding` of each category or word; 0 is linear. dropout: part of what is known of an item that is hidden in
    learning. customers: who are asked, at most. item_columns: attributes that are read, all if none are named.
    A part `validation` of the items is withheld from the tower, and tells when it has learned enough. Where content
    speaks, and how much freshness counts, the newest tenth of the log decides, in a first fit to what came before it;
    without times, and over a model that is there, withheld events of some customers: see `Rehearsal` and `Decision`.
    novelty: how much lists of what is new count in that, beside lists of what was met; more puts more new items into
    lists.
    repeats: what customers come back for stays in their lists, if a good part of the log is that; false where lists
    leave out what was met.
    Memory of a fit: 4 bytes * (factors + likeness) * (folds * customers + 3 * n_items), and while the gate is decided
    up to 2.4 GB of scores.
    """

    epochs: int = setting(20, low=1, high=2000, log=True)
    batch: int = setting(1024, low=8, high=65536, log=True)
    rate: float = setting(3e-3, low=1e-5, high=0.1, log=True)
    patience: int = setting(3, low=0, high=200)
    weight_decay: float = setting(0.0, low=0.0, high=1.0)
    base: str = setting("als", choices=tuple(BASES))
    base_settings: tuple[str, ...] = ()
    mapping: str = setting("softmax", choices=("softmax", "mse", "ridge"))
    folds: int = setting(5, low=2, high=50)
    alignment: float = setting(0.1, low=0.0, high=100.0)
    least: int = setting(5, low=1, high=10_000, log=True)
    ridge: float = setting(1.0, low=1e-3, high=1e4, log=True)
    embedding: int = setting(64, low=2, high=512, log=True)
    layers: int = setting(0, low=0, high=4)
    hidden: int = setting(256, low=4, high=4096, log=True)
    dropout: float = setting(0.1, low=0.0, high=0.9)
    likeness: int = setting(1024, low=0, high=4096)
    adapts: bool = setting(False)
    repeats: bool = setting(True)
    novelty: float = setting(0.5, low=0.0, high=1.0)
    customers: int = setting(50_000, low=100, high=10_000_000, log=True)
    item_columns: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        catalog = self._catalog(data, run)
        rehearsal = Rehearsal.of(data)
        if rehearsal is None:
            withheld = self._withheld(data, run)
            return self._over(self._plain(withheld.known, run), withheld, catalog, run)
        decision = self._rehearsed(rehearsal, catalog, run.at("rehearsal"))
        ground = Ground.of(self, self._plain(data, run), data, catalog, run)
        content = self._map(ground, run)
        return ground.model(content, self._places(ground, content), decision)

    def over(self, base: Factors, data: Dataset, run: Run = QUIET, *, withheld: "Withheld | None" = None) -> Factors:
        """The model `base` with its items placed by content, too; data: what it was fitted on.

        withheld: events that it has not seen, by which the gate is chosen; else some of `data`, whose items' own
        vectors then look better than they are. How fresh items are is not looked at.
        """
        return self._over(
            base, self._withheld(data, run) if withheld is None else withheld, self._catalog(data, run), run
        )

    def _over(self, base: Factors, withheld: "Withheld", catalog: Catalog, run: Run) -> Factors:
        ground = Ground.of(self, base, withheld.known, catalog, run)
        content = self._map(ground, run)
        places = ground.places(content, np.zeros(ground.known.n_items, dtype=np.float32))
        return ground.model(content, places, ground.decided(self, places, withheld, run))

    def _rehearsed(self, rehearsal: Rehearsal, catalog: Catalog, run: Run) -> Decision:
        """What a model of what was known then would have to decide for what came later."""
        ground = Ground.of(self, self._plain(rehearsal.known, run), rehearsal.known, catalog, run)
        return ground.rehearsed(self, self._places(ground, self._map(ground, run)), rehearsal, run)

    def _places(self, ground: Ground, content: ContentMap) -> Places:
        """Where items could be, with how fresh they are at the end of the log."""
        return ground.places(content, log_rates(ground.known, self.item_columns))

    def _map(self, ground: Ground, run: Run) -> ContentMap:
        """The map from content to vectors that is learned there."""
        if self.mapping != "ridge":
            from .networks.content_learning import learned

            return learned(self, ground, run)
        teaches = (ground.folds >= 0) & (ground.folds < self.folds)
        weights = floats(np.where(teaches, said(ground.counts, self.least), 0))
        return ridge_map(ground.space.inputs, ground.rows, ground.own, weights, self.ridge)

    def _plain(self, data: Dataset, run: Run) -> Factors:
        model = self._base().fit(data, run.at("base"))
        if not isinstance(model, Factors):
            raise CannotDo(
                f"{self.base} with these settings gives a {type(model).__name__}; vectors of items are needed"
            )
        return model

    def _catalog(self, data: Dataset, run: Run) -> Catalog:
        inputs = Inputs.learn(described(data, self.item_columns, "content_to_cf", "item_columns"))
        return Catalog.of(inputs, data.item_features, self.likeness if self.mapping == "softmax" else 0, run)

    def _withheld(self, data: Dataset, run: Run) -> "Withheld":
        """The events that decide: as few as tell enough, as the plain model never sees them.

        Where customers come back, they are asked by what they had done before the visit: what they put into the same
        basket tells too much.
        """
        from .withheld import Withheld

        eligible, later = discoveries(data), came_back(data)
        if later.any():
            eligible &= later
        several = np.flatnonzero(np.diff(data.starts) > 1)
        able = max(1, len(np.intersect1d(several, data.user[eligible])))
        n = min(max(self.validation * able, min(FEW, able / 2), SMALL * len(data)), MOST, able)
        withheld = Withheld.of(data, n / able, run.random(), eligible=eligible)
        if not later.any():
            return withheld
        earlier = withheld.known.queries(withheld.queries.users, withheld.queries.times - 1)
        return replace(withheld, queries=earlier)

    def _base(self) -> Any:
        try:
            return from_names(BASES[self.base], tomllib.loads("\n".join(self.base_settings)))
        except tomllib.TOMLDecodeError as error:
            raise SettingError(
                f"ContentToCF: base_settings are texts like 'factors = 64'; given were {list(self.base_settings)} "
                f"({error})"
            ) from error


def before(model: Factors) -> Factors:
    """The plain model that a fitted content_to_cf extends: for comparisons. Raises CannotDo for other models."""
    bridge = model.encoder
    if not isinstance(bridge, Bridge):
        raise CannotDo(f"{model.method} extends no other model; content_to_cf does")
    return Factors("before content_to_cf", model.n_items, bridge.own(), bridge.reader.encoder)
