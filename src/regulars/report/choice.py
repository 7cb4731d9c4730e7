"""Whom and what to show: a few customers and products that stand for the rest."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Dataset, Frame

from .traffic import Traffic


@dataclass(frozen=True)
class Customer:
    """A customer to show: index, id, and what they stand for."""

    index: int
    user_id: object
    who: str


def customers(data: Dataset, recommendations: Frame) -> list[Customer]:
    """A regular, an average customer and a newcomer, of those who got a list; fewer if the shop has no more."""
    known = data.users.index(recommendations["user_id"].unique(maintain_order=True))
    known = np.unique(known[known >= 0])
    counts = np.diff(data.starts)[known]
    order = known[np.argsort(counts, kind="stable")]
    active = order[np.sort(counts) > 0]
    if not len(active):
        return []
    places = ((0.95, "A regular"), (0.5, "An average customer"), (0.03, "A newcomer"))
    chosen: dict[int, str] = {}
    for place, who in places:
        chosen.setdefault(int(active[int(place * (len(active) - 1))]), who)
    return [Customer(index, data.users.ids[index], who) for index, who in chosen.items()]


def products(data: Dataset, allowed: Bools | None = None) -> pl.Series:
    """The ids of a product of the head and one of the tail, to show what is similar to them.

    allowed: bool [n_items], which products may be shown. The most wanted of each part stands for it.
    """
    traffic = Traffic.of(data)
    shown = np.ones(data.n_items, dtype=np.bool_) if allowed is None else allowed
    parts = (traffic.items[: traffic.head], traffic.items[traffic.middle : traffic.sold])
    chosen = [int(part[shown[part]][0]) for part in parts if shown[part].any()]
    return data.items.ids.gather(chosen)
