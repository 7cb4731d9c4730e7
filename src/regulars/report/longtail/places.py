"""Places: the two maps, of the vectors before and after, and what the neighbors on them have in common."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Bools, Codes, Floats, Frame, Longs, Progress, Run
from regulars.evaluation import Slices

from .goods import Goods
from .layout import Doubles, layout, nearest, principal
from .pair import AFTER, BEFORE, Pair
from .reach import ENOUGH

NEAR = 10  # neighbors whose company is looked at
_LEAST = 4  # items that a map needs
_OUT = 0.01  # part of the places on each side that may fall into the edge
_EDGE = 0.04  # width of the edge


@dataclass(frozen=True)
class Places:
    """points: item (index), part, events, group, x_before, y_before, x_after, y_after in 0 .. 1, NaN without a vector.

    company: name, points, and for an item with fewer than ENOUGH events the share of its ten nearest items that have as
    few (few, and few_chance: among all others on the map), and for any item the share that shares its group (alike,
    alike_chance).
    """

    points: Frame
    company: Frame


def places(pair: Pair, goods: Goods, items: Longs, events: Longs, slices: Slices, run: Run) -> Places:
    """Both maps of `items` (rising); they begin at the same places, so that what has not moved looks alike."""
    directions = {name: _directions(model.item_vectors[items]) for name, model in pair.both.items()}
    known = {name: ~np.isnan(vectors[:, 0]) for name, vectors in directions.items()}
    columns: dict[str, Doubles] = {}
    rows = []
    first = _first(directions[AFTER], known[AFTER])
    for done, name in enumerate((BEFORE, AFTER)):
        run.on_epoch(Progress("draw the maps", done, 2))
        here = known[name]
        xy = np.full((len(items), 2), np.nan)
        if here.sum() >= _LEAST:
            xy[here] = framed(layout(directions[name][here], first[here], seed=run.seed))
        columns |= {f"x_{name}": xy[:, 0], f"y_{name}": xy[:, 1]}
        rows.append({"name": name, "points": int(here.sum())} | company(directions[name], here, items, events, goods))
    run.on_epoch(Progress("draw the maps", 2, 2))
    points = pl.DataFrame(
        {
            "item": items,
            "part": pl.Series(list(slices.names)).gather(slices.codes[items].astype(np.int64)),
            "events": events[items],
            "group": goods.first.gather(items),
            **columns,
        }
    )
    return Places(points, pl.DataFrame(rows))


def company(directions: Floats, here: Bools, items: Longs, events: Longs, goods: Goods) -> dict[str, float]:
    """few, few_chance, alike, alike_chance of the items on one map, by the NEAR nearest in the vectors themselves."""
    found = {"few": np.nan, "few_chance": np.nan, "alike": np.nan, "alike_chance": np.nan}
    mapped = items[here]
    if len(mapped) < _LEAST:
        return found
    near = nearest(directions[here], min(NEAR, len(mapped) - 1))
    few = events[mapped] < ENOUGH
    if few.any():
        found |= {"few": float(few[near][few].mean()), "few_chance": (int(few.sum()) - 1) / (len(few) - 1)}
    if goods.grouped:
        alike = goods.alike(mapped, mapped[near].astype(np.int32))
        pool = np.zeros(len(goods), dtype=np.bool_)
        pool[mapped] = True
        found["alike"] = float(np.nanmean(alike)) if not np.isnan(alike).all() else np.nan
        strangers = goods.strangers(mapped, pool)
        found["alike_chance"] = float(1 - np.nanmean(strangers)) if not np.isnan(strangers).all() else np.nan
    return found


def drawn(codes: Codes, n: int, random: np.random.Generator, among: Bools | None = None) -> Longs:
    """About n items, rising, as many of each part as there are or as its fair share is; small parts leave theirs to
    others.

    codes: int8 [n_items], the part of each item; among: bool [n_items], which items may be drawn.
    """
    allowed = np.ones(len(codes), dtype=np.bool_) if among is None else among
    parts = [np.flatnonzero(allowed & (codes == code)) for code in np.unique(codes)]
    left, chosen = n, []
    for place, part in enumerate(sorted(parts, key=len)):
        share = min(len(part), left // (len(parts) - place))
        chosen.append(random.choice(part, share, replace=False) if share < len(part) else part)
        left -= share
    return np.sort(np.concatenate(chosen)).astype(np.int64) if chosen else np.empty(0, dtype=np.int64)


def _directions(vectors: Floats) -> Floats:
    """The vectors at length one, NaN rows for those that are not known or point nowhere."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Floats = (vectors / np.where(lengths > 0, lengths, np.nan)).astype(np.float32)
    return directions


def _first(directions: Floats, here: Bools) -> Doubles:
    """Where all items begin on both maps: the main directions of those that have a vector after, else the middle."""
    first = np.zeros((len(directions), 2))
    if here.sum() >= _LEAST:
        first[here] = principal(directions[here])
    return first


def framed(places: Doubles) -> Doubles:
    """The places within a square from 0 to 1; the few that lie far out stand at its edge."""
    low, high = np.quantile(places, [_OUT, 1 - _OUT], axis=0)
    framed: Doubles = 0.5 + (places - (low + high) / 2) / np.maximum(high - low, 1e-9) * (1 - 2 * _EDGE)
    return np.clip(framed, 0.0, 1.0)
