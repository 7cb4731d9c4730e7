"""The study of a long tail: everything that the page tells, as tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regulars.core import QUIET, Allowed, Dataset, Frame, Longs, Queries, Run, Settings, setting
from regulars.core.errors import BadTable, EmptyData
from regulars.evaluation import Slices, Split, interaction_parts
from regulars.ranking import Filter, Unseen, passing

from .gallery import chosen, gallery
from .goods import Goods
from .irrelevance import irrelevance, similar
from .layout import mapper
from .pair import Pair
from .places import Places, drawn, places
from .quality import Quality, demand, quality
from .reach import parts, reach


@dataclass(frozen=True)
class Look(Settings):
    """How much is looked at. k: length of the lists and of what is similar; customers: at most so many are asked;
    items: about so many are on the maps and asked for what is similar, the tail as well represented as the head;
    gallery: items that are shown.
    """

    k: int = setting(10, low=1, high=1000, log=True)
    customers: int = setting(20_000, low=1, high=10_000_000, log=True)
    items: int = setting(4_000, low=10, high=100_000, log=True)
    gallery: int = setting(6, low=0, high=60)


@dataclass(frozen=True)
class LongTail:
    """What was found. train: what was learned from; split: the protocol in words; asked: customers; quality: how good
    the lists are; reach, parts: who is reached, see the functions of these names; irrelevance: of the most similar
    items; map: the places; gallery: item, name, rank, similar, alike. Items are indices of the vocabulary.
    """

    train: Dataset
    goods: Goods
    split: str
    asked: int
    look: Look
    slices: Slices
    quality: Quality
    reach: Frame
    parts: Frame
    irrelevance: Frame
    map: Places
    gallery: Frame

    @property
    def events(self) -> Longs:
        """Training events of each item; int64 [n_items]."""
        return np.bincount(self.train.item, minlength=self.train.n_items)


def longtail(
    pair: Pair,
    split: Split,
    *,
    goods: Goods,
    look: Look | None = None,
    filters: Sequence[Filter] = (),
    run: Run = QUIET,
) -> LongTail:
    """What mapping content into a model has done for the items that few have met.

    pair: the model before and after, both fitted on `split.train`; goods: names, categories and pictures of its items;
    filters: what may be recommended. Raises BadTable when the items are not the same, EmptyData when nobody is asked,
    MissingExtra without the extra `maps`.
    """
    mapper()
    look = look or Look()
    train = split.train
    if not pair.before.n_items == train.n_items == len(goods):
        raise BadTable(f"the models know {pair.before.n_items} items, the log {train.n_items}, the names {len(goods)}")
    if not len(train):
        raise EmptyData("the long tail needs events to learn from; there are none")
    asked = split.sample(look.customers, run.seed)
    events = np.bincount(train.item, minlength=train.n_items).astype(np.int64)
    slices = interaction_parts(events)
    random = run.random()
    measured = quality(pair, asked, look.k, tuple(filters), run)
    allowed = _always(filters)
    shelf = allowed.dense(1, train.n_items)[0]
    mapped = drawn(slices.codes, look.items, random, shelf)
    shown = chosen(slices, events, pair.placed[1] & shelf, goods, look.gallery, random)
    answers = {
        name: similar(model, np.concatenate([mapped, shown]), look.k, allowed, run, f"similar items, {name}")
        for name, model in pair.both.items()
    }
    codes = {
        part: np.flatnonzero(slices.codes[mapped] == code)
        for code, part in enumerate(slices.names)
        if (slices.codes[mapped] == code).any()
    }
    n = len(mapped)
    return LongTail(
        train,
        goods,
        asked.name,
        len(asked),
        look,
        slices,
        measured,
        reach(pair, events),
        parts(pair, slices, events, demand(asked, train.n_items), measured),
        irrelevance(pair, goods, mapped, {name: found[:n] for name, found in answers.items()}, codes),
        places(pair, goods, mapped, events, slices, run),
        gallery(shown, {name: found[n:] for name, found in answers.items()}, goods),
    )


def _always(filters: Sequence[Filter]) -> Allowed:
    """What may be shown to anybody: the rules that do not look at who asks."""
    return passing([rule for rule in filters if not isinstance(rule, Unseen)], Queries.of([]))
