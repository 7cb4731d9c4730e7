"""Irrelevance: how many of the most similar items have nothing to do with the item, by what the shop itself says."""

import numpy as np
import polars as pl

from regulars.core import Allowed, Bools, Floats, Frame, Ints, Longs, Progress, Recommendations, Run
from regulars.evaluation.significance import intervals, paired_p, verdict
from regulars.models.kinds.factors import Factors

from .goods import Goods
from .pair import AFTER, BEFORE, Pair

_BLOCK = 1_000  # items asked for what is similar at a time


def similar(model: Factors, items: Longs, k: int, allowed: Allowed, run: Run, task: str) -> Ints:
    """The k items most like each of `items`, MISSING where the model knows no more; int32 [n, k]."""
    parts = [Recommendations.none(0, k)]
    for begin in range(0, len(items), _BLOCK):
        run.on_epoch(Progress(task, begin, len(items)))
        parts.append(model.similar_items(items[begin : begin + _BLOCK].astype(np.int32), k, allowed))
    run.on_epoch(Progress(task, len(items), len(items)))
    return np.concatenate([part.items for part in parts])


def shares(goods: Goods, items: Longs, answers: Ints) -> Floats:
    """The share of the answers [n, k] to each of `items` that share no group with it; float32 [n], NaN without any."""
    alike = goods.alike(items, answers)
    judged = ~np.isnan(alike)
    found: Floats = np.full(len(items), np.nan, dtype=np.float32)
    np.divide(np.nansum(1 - alike, axis=1), judged.sum(axis=1), out=found, where=judged.any(axis=1), casting="unsafe")
    return found


def irrelevance(pair: Pair, goods: Goods, items: Longs, answers: dict[str, Ints], codes: dict[str, Longs]) -> Frame:
    """part, name, items (that were judged), mean, low, high (95 % over items), chance, verdict (after against before).

    items: those that were asked for; answers: by model, what is similar to them; codes: by part, which of the items are
    of it (positions in `items`). chance: what the same number of items drawn from those with a vector after would have.
    """
    pool = pair.placed[1]
    chance = goods.strangers(items, pool)
    found = {name: shares(goods, items, of) for name, of in answers.items()}
    rows = []
    for part, inside in codes.items():
        values = np.stack([found[name][inside] for name in (BEFORE, AFTER)], axis=1)
        ends = intervals(values)
        both = ~np.isnan(values).any(axis=1)
        gap = values[both, 1] - values[both, 0]
        p = float(paired_p(gap[:, None])[0]) if len(gap) else float("nan")
        said = verdict(-float(gap.mean()) if len(gap) else 0.0, p)
        for column, name in enumerate((BEFORE, AFTER)):
            judged = values[~np.isnan(values[:, column]), column]
            row = {"part": part, "name": name, "items": len(judged), "asked": len(inside)}
            row |= {"mean": float(judged.mean()) if len(judged) else float("nan")}
            row |= {"low": float(ends[column, 0]), "high": float(ends[column, 1])}
            row |= {"chance": _mean(chance[inside]), "verdict": said if name == AFTER and len(gap) else ""}
            rows.append(row)
    return pl.DataFrame(rows)


def _mean(values: Floats) -> float:
    known: Bools = ~np.isnan(values)
    return float(values[known].mean()) if known.any() else float("nan")
