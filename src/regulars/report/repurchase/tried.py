"""Tried: what models that had seen nothing of the newest weeks said of them, and what was bought."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from regulars.core import DAY, Bools, Dataset, Floats, Frame, Ints, Progress, Run
from regulars.marketing.repurchase import HORIZONS, Judged, Pairs, RepurchaseModel, bought_within, pairs_of

Doubles = npt.NDArray[np.float64]

WEEK = 7 * DAY
WEEKS = max(HORIZONS)  # that models are tried on
AGES = (0, 3, 7, 14, 21, 28, 42, 56, 84, 126)  # days since the last purchase at which a part begins
FEW = 25  # pairs of a part below which a share says nothing
CUTS = (0.0, 0.5, 0.75, 0.875, 0.94, 0.97, 0.985, 0.9925, 0.997, 1.0)  # shares of the pairs, the least likely first
_Z = 1.96


@dataclass(frozen=True)
class Tried:
    """judged: at `moment`, for each model and horizon. weeks: week (seconds UTC), bought, and one column of expected
    purchases for each model, each week asked at its beginning. ages: item, name (the model), days, pairs, bought, low,
    high, said: chances of the coming week by days since the last purchase.
    """

    moment: int
    judged: tuple[Judged, ...]
    weeks: Frame
    ages: Frame

    @property
    def horizons(self) -> Frame:
        """name, weeks, expected, bought: sums over all pairs at the moment."""
        rows = [(one.name, one.horizon, float(one.said.sum()), int(one.happened.sum())) for one in self.judged]
        return pl.DataFrame(rows, ["name", "weeks", "expected", "bought"], orient="row")


def tried(
    models: Mapping[str, RepurchaseModel], data: Dataset, moment: int, users: Ints, products: Ints, run: Run
) -> Tried:
    """Asks each model, fitted before `moment`, of these customers; products: those whose ages are told apart."""
    results: list[Judged] = []
    weeks: list[dict[str, float]] = []
    parts: list[Frame] = []
    for week in range(WEEKS):
        run.on_epoch(Progress("look back", week, WEEKS))
        at = moment + week * WEEK
        pairs = pairs_of(data, at, users)
        horizons = HORIZONS if not week else HORIZONS[:1]
        happened = bought_within(data, pairs, horizons)
        said = {name: model.probabilities(pairs, horizons) for name, model in models.items()}
        known = ~np.isnan(np.concatenate(list(said.values()), axis=1)).any(axis=1)
        if not week:
            results = [
                Judged(name, horizon, pairs.row[known], told[known, place], happened[known, place])
                for name, told in said.items()
                for place, horizon in enumerate(horizons)
            ]
        sums = {name: float(told[known, 0].sum()) for name, told in said.items()}
        weeks.append({"week": at, "bought": int(happened[known, 0].sum())} | sums)
        parts.append(_some(pairs, known & np.isin(pairs.items, products), happened[:, 0], said))
    run.on_epoch(Progress("look back", WEEKS, WEEKS))
    return Tried(moment, tuple(results), pl.DataFrame(weeks), by_age(pl.concat(parts), list(models)))


def _some(pairs: Pairs, chosen: Bools, happened: Bools, said: Mapping[str, Floats]) -> Frame:
    told = {f"said {name}": values[chosen, 0].astype(np.float64) for name, values in said.items()}
    return pl.DataFrame(
        {"item": pairs.items[chosen], "since": pairs.since[chosen], "bought": happened[chosen], **told},
        schema_overrides={"item": pl.Int32, "since": pl.Int32},
    )


def by_age(rows: Frame, names: list[str]) -> Frame:
    """item, name, days (mean since the last purchase), pairs, bought (a share), low, high, said; none of few pairs."""
    if not rows.height:
        return pl.DataFrame()
    part = pl.Series(np.searchsorted(np.array(AGES), rows["since"].to_numpy(), side="right"))
    parts = (
        rows.with_columns(part=part)
        .group_by("item", "part", maintain_order=True)
        .agg(
            pl.col("since").mean().alias("days"),
            pl.len().alias("pairs"),
            pl.col("bought").sum().cast(pl.Int64).alias("found"),
            *(pl.col(f"said {name}").mean() for name in names),
        )
        .filter(pl.col("pairs") >= FEW)
        .sort("item", "part")
    )
    low, high = wilson(parts["found"].to_numpy(), parts["pairs"].to_numpy())
    parts = parts.with_columns(bought=pl.col("found") / pl.col("pairs"), low=pl.Series(low), high=pl.Series(high))
    kept = ["item", "days", "pairs", "bought", "low", "high"]
    return pl.concat(
        [parts.select(*kept, pl.lit(name).alias("name"), pl.col(f"said {name}").alias("said")) for name in names]
    )


def wilson(found: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Doubles, Doubles]:
    """The ends of the 95 % interval of a share (Wilson, JASA 1927)."""
    count = np.maximum(np.asarray(n, dtype=np.float64), 1)
    share = np.asarray(found, dtype=np.float64) / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def reliability(one: Judged) -> Frame:
    """said, happened, low, high, pairs: parts of the pairs, finer towards the likely ones, with 95 % intervals.

    The intervals know that a customer's pairs go together (variance between customers; Liang, Zeger 1986).
    """
    order = np.argsort(one.said, kind="stable")
    cuts = np.unique(np.rint(np.array(CUTS) * len(order)).astype(np.int64))
    rows = []
    for begin, end in pairwise(cuts.tolist()):
        part = order[begin:end]
        happened = one.happened[part].astype(np.float64)
        mean = float(happened.mean())
        apart = np.bincount(one.row[part], happened - mean)
        half = _Z * float(np.sqrt(np.square(apart).sum())) / len(part)
        if not half:
            low, high = (float(value) for value in wilson(happened.sum(), len(part)))
        else:
            low, high = max(mean - half, 0.0), min(mean + half, 1.0)
        rows.append((float(one.said[part].mean()), mean, low, high, len(part)))
    return pl.DataFrame(rows, ["said", "happened", "low", "high", "pairs"], orient="row")
