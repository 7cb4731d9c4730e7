"""Gallery: a few items of the tail, drawn by lot, and what is most similar to each before and after."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from regulars.core import Bools, Frame, Ints, Longs
from regulars.evaluation import Slices

from .goods import Goods
from .pair import AFTER, BEFORE
from .places import drawn
from .reach import ENOUGH

SHOWN = 5  # similar items on each side


def chosen(slices: Slices, events: Longs, among: Bools, goods: Goods, n: int, random: np.random.Generator) -> Longs:
    """About n items with fewer than ENOUGH events, as many of each part, drawn by lot from `among`; rising by events.

    Where some have a picture, only those are drawn, and where some have a group, only those.
    """
    pool = among & (events < ENOUGH)
    for telling in (_pictured(goods), goods.known):
        pool = pool & telling if (pool & telling).any() else pool
    items = drawn(slices.codes, n, random, pool) if pool.any() else np.empty(0, dtype=np.int64)
    order: Longs = items[np.argsort(events[items], kind="stable")]
    return order


def gallery(items: Longs, answers: Mapping[str, Ints], goods: Goods) -> Frame:
    """item, name (before, after), rank, similar, alike (whether they share a group; null where that is not known)."""
    rows = []
    for name in (BEFORE, AFTER):
        found = answers[name][:, :SHOWN]
        alike = goods.alike(items, found)
        for i, j in np.argwhere(found >= 0):
            shares = None if np.isnan(alike[i, j]) else bool(alike[i, j])
            rows.append((i, name, int(j) + 1, int(found[i, j]), shares))
    rows.sort(key=lambda row: row[0])
    told = [(int(items[i]), *row) for i, *row in rows]
    kinds = {"item": pl.Int64, "name": pl.String, "rank": pl.Int64, "similar": pl.Int64, "alike": pl.Boolean}
    return pl.DataFrame(told, schema=kinds, orient="row")


def _pictured(goods: Goods) -> Bools:
    if not goods.pictures:
        return np.zeros(len(goods), dtype=np.bool_)
    return np.array([picture is not None for picture in goods.pictures])
