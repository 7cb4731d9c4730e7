"""The figures of what is bought again in words."""

import polars as pl

from regulars.marketing.repurchase import HORIZONS

from ..numbers import count, plural, quoted, share
from .study import Repurchases
from .words import day_of, horizon_name

NEAR = 0.05  # of the sums, within which they are as promised


def lead(found: Repurchases) -> str:
    """The whole page in a few sentences."""
    sums, look = found.totals, found.look
    expected = float(sums.items["expected"].sum())
    text = (
        f"In the {horizon_name(look.horizon)} from {_day(found, found.at)} on, {plural(found.asked, 'customer')} are "
        f"expected to buy again {count(expected)} of the products that they have bought before, each counted once"
    )
    text += f"; {count(sums.coming)} of them in the first week." if look.horizon > 1 else "."
    return f"{text} {_kept(found)}"


def _kept(found: Repurchases) -> str:
    if found.tried is None:
        return ""
    one = found.tried.horizons.filter(name=found.chosen, weeks=max(HORIZONS)).row(0, named=True)
    ratio = one["expected"] / one["bought"] - 1 if one["bought"] else float("nan")
    when = f"Asked {horizon_name(max(HORIZONS))} earlier"
    if abs(ratio) <= NEAR:
        return f"{when}, {quoted(found.chosen)} had the sum right within {share(abs(ratio))}."
    way = "too many" if ratio > 0 else "too few"
    return f"{when}, {quoted(found.chosen)} expected {share(abs(ratio))} {way}."


def _day(found: Repurchases, moment: int) -> str:
    when = day_of(found, moment)
    return f"{when.day} {when:%B %Y}"


def sums_said(found: Repurchases) -> str:
    """Whether the expected purchases are those that came."""
    assert found.tried is not None
    weeks = found.tried.weeks
    parts = []
    for name in found.names:
        ratio = float(weeks[name].sum()) / max(float(weeks["bought"].sum()), 1) - 1
        parts.append(f"{quoted(name)} {_more(ratio)}")
    return (
        "Chances that keep their word add up to what is bought. Over the newest "
        f"{plural(weeks.height, 'week')}, each asked at its beginning, {count(float(weeks['bought'].sum()))} purchases "
        f"came; expected were by {'; by '.join(parts)}. The methods knew the customers' purchases until each week, but "
        "had learned from nothing after the beginning of the first."
    )


def _more(ratio: float) -> str:
    if abs(ratio) < 0.005:
        return "just as many"
    return f"{share(abs(ratio))} {'more' if ratio > 0 else 'fewer'}"


def best_said(found: Repurchases) -> str:
    """Which method is best, and whether that can be told from the baseline."""
    table = found.table.filter(pl.col("horizon_weeks") == max(HORIZONS))
    ranked = table.filter(figure="average precision").sort("value", descending=True)
    best = ranked["model"][0]
    loss = table.filter(figure="log loss").sort("value")["model"][0]
    text = f"Within {horizon_name(max(HORIZONS))}, {quoted(best)} puts what is bought in the best order"
    if loss == best:
        return f"{text}, and its chances are the most telling ones."
    return f"{text}; the chances of {quoted(loss)} are the most telling ones."


def trust_said(found: Repurchases) -> str:
    """How far off the chances are on the whole."""
    rows = found.table.filter(pl.col("figure") == "ece", pl.col("model") == found.chosen)
    worst = float(rows["value"].max() or 0.0)  # type: ignore[arg-type]
    return (
        "A point for each part of the pairs of customer and product, finer towards the likely ones: to the right what "
        "was said, upwards how many came true, with 95 % intervals. On the dashed line chances keep their word; above "
        f"it more came than was said. ECE is the mean distance from it: at most {100 * worst:.2f} percentage points "
        f"for {quoted(found.chosen)}. The axes are stretched near 0, where most pairs are."
    )
