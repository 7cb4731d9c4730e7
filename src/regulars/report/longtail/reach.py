"""Which share of the catalog do behavior-driven recommendations reach?"""

from typing import Final

import numpy as np
import polars as pl

from regulars.core import Frame, Longs
from regulars.evaluation import Slices

from .pair import AFTER, BEFORE, Pair
from .quality import Quality

ENOUGH: Final = 11  # events from which on a vector of its own says more of an item than chance does
OWN, HELPED, MAPPED, FEW, NOTHING = (
    "by events of their own",
    "by content and their few events",
    "by content alone",
    "few events, mostly noise",
    "not at all",
)
REACHED: Final = (OWN, HELPED, MAPPED)  # behavior-driven: the rest is noise or nothing


def reach(pair: Pair, events: Longs) -> Frame:
    """name, how, items, share: how the items of the catalog are placed before and after.

    An item is placed by events of its own when it has a vector and ENOUGH events; with fewer its own vector counts as
    noise, unless content was mapped into it (its vector points elsewhere than before). Without any event it is placed
    by content alone or not at all.
    """
    had, has = pair.placed
    enough, met = events >= ENOUGH, events > 0
    helped = pair.moved & ~enough
    how = {
        BEFORE: np.select([had & enough, had], [OWN, FEW], NOTHING),
        AFTER: np.select([has & enough, helped & met, helped, has], [OWN, HELPED, MAPPED, FEW], NOTHING),
    }
    rows = [
        {"name": name, "how": one, "items": int((ways == one).sum()), "share": float((ways == one).mean())}
        for name, ways in how.items()
        for one in (OWN, HELPED, MAPPED, FEW, NOTHING)
    ]
    return pl.DataFrame(rows)


def reached(table: Frame, name: str) -> float:
    """The share of the catalog that behavior-driven recommendations reach, of a table by `reach`."""
    items = dict(table.filter(name=name).select("how", "items").iter_rows())
    return float(sum(items[how] for how in REACHED) / max(1, sum(items.values())))


def parts(pair: Pair, slices: Slices, events: Longs, wanted: Longs, quality: Quality) -> Frame:
    """part, items, events, and as shares: catalog, traffic, wanted (of what was wanted in the test), places_before,
    places_after (of the places on all lists), placed_before, placed_after (items with a vector), listed_before,
    listed_after (items that are on at least one list); parts without items are left out.
    """
    had, has = pair.placed
    rows = []
    for code, part in enumerate(slices.names):
        inside = slices.codes == code
        n = int(inside.sum())
        if not n:
            continue
        row = {"part": part, "items": n, "events": int(events[inside].sum())}
        row |= {"catalog": n / len(events), "traffic": _share(events, inside), "wanted": _share(wanted, inside)}
        for name, placed in ((BEFORE, had), (AFTER, has)):
            counts = quality.counts[name]
            row[f"places_{name}"] = _share(counts, inside)
            row[f"placed_{name}"] = float(placed[inside].mean())
            row[f"listed_{name}"] = float((counts[inside] > 0).mean())
        rows.append(row)
    return pl.DataFrame(rows)


def _share(counts: np.ndarray, inside: np.ndarray) -> float:
    return float(counts[inside].sum() / max(1.0, float(counts.sum())))
