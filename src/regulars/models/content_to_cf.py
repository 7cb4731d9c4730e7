"""Content to collaborative: every item gets a place among the vectors of behavior, by what is known of it."""

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.core import QUIET, Dataset, Histories, Ints, Longs, Run, floats, from_names, ints, setting
from regulars.core.errors import CannotDo, EmptyData, MissingColumn, SettingError
from regulars.features import Encoded, Inputs

from .als import ALS
from .bpr import BPR
from .content_axes import content_space
from .folds import Folds, drawn, folded
from .gating import MOST, Asked, Court, Places
from .kinds.bridge import Bridge, Reader
from .kinds.content_map import ContentMap
from .kinds.content_space import ContentSpace
from .kinds.factors import Factors
from .logistic_mf import LogisticMF
from .pure_svd import PureSVD
from .ridge_map import ridge_map
from .sasrec import SASRec
from .trained import Trained
from .two_tower import TwoTower
from .warp import WARP

if TYPE_CHECKING:
    from .networks.withheld import Withheld

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
    """A model of behavior whose items are placed by their content as far as behavior is silent.

    base: the method whose model is extended, with `base_settings` ("factors = 64").
    mapping: "softmax", a tower learns what customers, as they would be seen if the items of one of `folds` folds were
    new, choose among the items of that fold, beside the distance to the items' own vectors, weighed by `alignment`;
    "mse", a tower learns the vectors of items that `least` customers met, by squared error; "ridge", a linear map to
    those in closed form. embedding: width of a category's or word's vector; layers: hidden ones, `hidden` wide;
    dropout: of what goes into each. customers: that are asked, at most. item_columns: attributes, all if none is named.
    """

    epochs: int = setting(20, low=1, high=2000, log=True)
    batch: int = setting(512, low=8, high=65536, log=True)
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
    dropout: float = setting(0.2, low=0.0, high=0.9)
    likeness: int = setting(256, low=0, high=4096, log=False)
    adapts: bool = setting(False)
    customers: int = setting(50_000, low=100, high=10_000_000, log=True)
    item_columns: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Factors:
        self._inputs(data)
        withheld = self._withheld(data, run)
        model = self._base().fit(withheld.known, run.at("base"))
        if not isinstance(model, Factors):
            raise CannotDo(
                f"{self.base} with these settings gives a {type(model).__name__}; vectors of items are needed"
            )
        return self.over(model, data, run, withheld=withheld)

    def over(self, base: Factors, data: Dataset, run: Run = QUIET, *, withheld: "Withheld | None" = None) -> Factors:
        """The model `base` with its items placed by content, too; data: what it was fitted on.

        withheld: events that it has not seen, by which the gate is chosen; else some of `data`, whose items' own
        vectors then look better than they are.
        """
        random = run.random()
        if withheld is None:
            withheld = self._withheld(data, run)
        known = withheld.known
        inputs = self._inputs(data)
        rows = inputs.encode(data.item_features)
        space = content_space(inputs, rows, self.likeness if self.mapping == "softmax" else 0, run)
        likes = space.of(rows)
        reader = Reader(base.encoder, base.item_vectors, likes)
        counts = _customers(known)
        met = ~np.isnan(base.item_vectors[:, 0])
        able = np.flatnonzero(met & rows.told & (counts > 0)).astype(np.int32)
        if len(able) < 3:
            raise EmptyData(
                f"content_to_cf learns from items that were met and of which something is known, and there are "
                f"{len(able)}; give it attributes of more items, or a longer log"
            )
        of, hidden = drawn(able, data.n_items, self.folds, self.validation, random)
        users = np.flatnonzero(np.diff(known.starts) > 1)
        users = ints(np.sort(random.permutation(users)[: self.customers]))
        new = folded(reader, known, of, users, (self.folds,))
        if self.mapping == "ridge":
            teaches = (of >= 0) & (of < self.folds) & (counts >= min(self.least, counts.max()))
            weights = np.where(teaches, counts / (counts + 10.0), 0.0).astype(np.float32)
            content: ContentMap = ridge_map(inputs, rows, np.nan_to_num(base.item_vectors), weights, self.ridge)
        else:
            content = self._learned(reader, known, rows, space, of=of, users=users, counts=counts, new=new, run=run)
        own = np.pad(base.item_vectors, ((0, 0), (0, reader.width - base.item_vectors.shape[1])))
        places = Places(own, content.placed(rows), counts)
        nothing = Histories.none(len(new))
        met_by = nothing if withheld.repeats else known.histories()[new.user]
        cold = Asked.of(new.queries, met_by, new.one_each(random), data.n_items).some(random, data.n_items)
        history = Histories.none(len(withheld)) if withheld.repeats else withheld.queries.history
        warm = Asked.of(reader(withheld.queries), history, withheld.targets, data.n_items).some(random, data.n_items)
        share = float(counts[hidden].sum() / max(1, counts.sum()))
        decision = Court(places, warm, cold, hidden, share, run).decided()
        item_vectors = decision.vectors(*places)
        read = floats(np.where(met[:, np.newaxis], base.item_vectors, item_vectors[:, : base.item_vectors.shape[1]]))
        bridge = Bridge(Reader(base.encoder, read, likes), met, content, space, decision)
        return Factors("content_to_cf", data.n_items, bridge.stored(item_vectors), bridge)

    def _learned(
        self,
        reader: Reader,
        known: Dataset,
        rows: Encoded,
        space: ContentSpace,
        *,
        of: Ints,
        users: Ints,
        counts: Longs,
        new: Folds,
        run: Run,
    ) -> ContentMap:
        from .networks.content_learning import Catalog, learned

        folds = folded(reader, known, of, users, tuple(range(self.folds)))
        if not len(folds):
            raise EmptyData(
                "content_to_cf learns from customers who met two items or more, and there are none; "
                "give it a longer log"
            )
        catalog = Catalog(rows, reader.likes, np.nan_to_num(reader.read), counts)
        return learned(self, space, catalog, folds=folds, withheld=new, run=run)

    def _withheld(self, data: Dataset, run: Run) -> "Withheld":
        """The events that decide: as few as tell enough, as the plain model never sees them."""
        from .networks.withheld import Withheld

        able = max(1, int((np.diff(data.starts) > 1).sum()))
        return Withheld.of(data, min(self.validation, MOST / able), run.random())

    def _base(self) -> Any:
        try:
            return from_names(BASES[self.base], tomllib.loads("\n".join(self.base_settings)))
        except tomllib.TOMLDecodeError as error:
            raise SettingError(
                f"ContentToCF: base_settings are texts like 'factors = 64'; given were {list(self.base_settings)} "
                f"({error})"
            ) from error

    def _inputs(self, data: Dataset) -> Inputs:
        known = data.item_features.columns
        if not known:
            raise MissingColumn(
                "content_to_cf needs attributes of the items, and the dataset has none: give a table of items with an "
                "item_id and columns such as category, brand, title, price ([items] in regulars.toml, items= in Python)"
            )
        lost = [name for name in self.item_columns if name not in known]
        if lost:
            raise MissingColumn(f"ContentToCF: item_columns names {lost}; the table of items has {known}")
        return Inputs.learn(data.item_features, columns=self.item_columns)


def before(model: Factors) -> Factors:
    """The plain model that a fitted content_to_cf extends: for comparisons. Raises CannotDo for other models."""
    bridge = model.encoder
    if not isinstance(bridge, Bridge):
        raise CannotDo(f"{model.method} extends no other model; content_to_cf does")
    return Factors("before content_to_cf", model.n_items, bridge.own(), bridge.reader.encoder)


def _customers(data: Dataset) -> Longs:
    """How many customers met each item; int64 [n_items]."""
    return np.bincount(data.matrix().indices, minlength=data.n_items).astype(np.int64)
