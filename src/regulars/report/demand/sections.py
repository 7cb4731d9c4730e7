"""The sections of the page of a forecast, each with sentences that say what is seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from regulars.core import Frame

from ..markup import Content, Markup, figure, joined, paragraph, table, tag
from ..numbers import count, plural, share
from .covered import inside
from .nodes import SERIES, WHOLE, Node, nodes
from .sentences import ahead_said, panel_said, sums_said, verdict_said
from .study import NAIVE, OWN, Demand
from .words import amount, called, change, day_said, metric_name, steps, units_said

_MAIN = ("mase", "wape", "pinball", "coverage")
_ROWS = 15  # of the table of what will be sold


@dataclass(frozen=True)
class Told:
    """What a section tells of: the findings, and further facts of the protocol."""

    found: Demand
    facts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> list[Node]:
        """What is drawn."""
        return nodes(self.found)

    @cached_property
    def sums(self) -> tuple[float, float]:
        """Units of all series in all steps, and after the change, as the first picture has them."""
        found = self.found
        whole = next((node for node in self.nodes if node.group == WHOLE), None)
        now = found.forecast.point if whole is None else whole.point
        after = (None if found.changed is None else found.changed.point) if whole is None else whole.changed
        return float(np.nansum(now)), 0.0 if after is None else float(np.nansum(after))

    @cached_property
    def inside(self) -> Frame:
        """How many steps fell between two quantiles."""
        return pl.DataFrame() if self.found.judgment is None else inside(self.found.judgment)


def fans(told: Told) -> Markup:
    """A picture for everything, stores, products and single series; a script shows one at a time."""
    found = told.found
    pieces = [_piece(told, node) for node in told.nodes]
    words = (
        "The thin line is what was sold, the thick one what is forecast. "
        + _bands(told)
        + _earlier(told.nodes)
        + (" Broken: the forecast after the change." if found.changed is not None else "")
        + _marks(told.nodes)
    )
    return joined([paragraph(words), tag("div", pieces, data_picker="Search a store or a product")])


def _earlier(drawn: list[Node]) -> str:
    if not any(node.rounds for node in drawn):
        return ""
    whose = "" if any(node.rounds for node in drawn if node.group == WHOLE) else " of single series"
    return f" The lines in the other color are what was said before{whose}, of steps that have since been seen."


def _bands(told: Told) -> str:
    levels = told.found.forecast.levels
    if len(levels) < 2:
        return ""
    outer = f"{100 * (levels[-1] - levels[0]):.0f} %"
    inner = f" and the darker one {100 * (levels[-2] - levels[1]):.0f} %" if len(levels) >= 4 else ""
    sums = ""
    if any(node.group != SERIES and node.quantiles is None for node in told.nodes):
        sums = " Sums have none: how far sums lie off is known only after --judge."
    return f"The light area holds {outer} of such cases{inner}, cut where it goes far beyond the lines.{sums}"


def _marks(drawn: list[Node]) -> str:
    words = ""
    if any(len(node.stripes) for node in drawn):
        words += " Gray stripes: shut, out of stock, or not measured."
    if flags := sorted({called(name) for node in drawn for name in node.flags}):
        words += f" Below, the steps of {', '.join(flags)}, also of those to come."
    if numbers := sorted({called(name) for node in drawn for name in node.numbers}):
        words += f" The lowest line is {', '.join(numbers)}."
    return words


def _piece(told: Told, node: Node) -> Markup:
    from .. import plots as common
    from . import plots

    found, h = told.found, len(node.point)
    latest, coming = float(np.nansum(node.units[-h:])), float(np.nansum(node.point))
    facts = [
        f"{units_said(coming)} in the next {steps(h, found.step)}",
        f"{units_said(latest)} in the latest {h}",
    ]
    if node.quantiles is not None and len(node.levels) > 1:
        first = node.quantiles[0]
        facts.append(f"the first {found.step} {amount(float(first[0]))} to {amount(float(first[-1]))}")
    if node.changed is not None:
        facts.append(f"{change(float(np.nansum(node.changed)), coming)} with {found.change}")
    alt = f"{node.name}: {', '.join(facts)}."
    return tag(
        "article",
        tag("h3", node.name if node.group != WHOLE else "Everything"),
        tag("p", [tag("span", fact) for fact in facts], cls="who"),
        figure(Markup(common.telling(plots.fan(node))), alt),
        data_name=f"{node.name} ({units_said(coming)})",
        data_group=node.group,
        data_late=True,  # on a phone, a picture shows its right end first
    )


def coming(told: Told) -> Markup:
    """What will be sold of the largest series, against the latest steps."""
    found = told.found
    h = found.forecast.horizon
    latest = np.nansum(found.panel.units[:, -h:], axis=1)
    point = np.nansum(found.forecast.point, axis=1)
    order = np.argsort(-point, kind="stable")[:_ROWS]
    labels = found.labels
    rows: list[list[Content]] = []
    for row in order.tolist():
        cells: list[Content] = [
            labels[row],
            amount(float(latest[row])),
            amount(float(point[row])),
            change(point[row], latest[row]),
        ]
        if found.changed is not None:
            other = float(np.nansum(found.changed.point[row]))
            cells += [amount(other), change(other, float(point[row]))]
        rows.append(cells)
    head = ["Series", f"Latest {steps(h, found.step)}", f"Next {steps(h, found.step)}", "Change"]
    head += ["After the change", "Effect"] if found.changed is not None else []
    more = f" of {count(found.panel.n_series)}" if found.panel.n_series > len(order) else ""
    caption = f"The {plural(len(order), 'series', 'series')}{more} that will sell most, in units."
    return table(head, rows, caption, numeric=range(1, len(head)))


def changed(told: Told) -> Markup | None:
    """Before and after a change of prices or promotions."""
    found = told.found
    if found.changed is None:
        return None
    before, after = told.sums
    rows: list[list[Content]] = []
    for node in told.nodes:
        if node.group != SERIES and node.changed is not None:
            was, now = float(np.nansum(node.point)), float(np.nansum(node.changed))
            rows.append([node.name, amount(was), amount(now), change(now, was)])
    n, h = found.forecast.point.shape
    rises = np.nansum(found.changed.point, axis=1) / np.maximum(np.nansum(found.forecast.point, axis=1), 1e-9) - 1
    low, middle, high = np.quantile(rises, [0.1, 0.5, 0.9])
    words = (
        f"With {found.change} in the next {steps(h, found.step)}, {amount(after)} units instead of {amount(before)}: "
        f"{change(after, before)}. Of {plural(n, 'series', 'series')} the middle one changes by {100 * middle:+.1f} "
        f"%, eight of ten by {100 * low:+.1f} % to {100 * high:+.1f} %. This is what prices and sales did together in "
        "the past; where prices were cut because more was about to be sold anyway, it promises too much."
    )
    return joined(
        [
            paragraph(words),
            table(["", "As planned", "After the change", "Change"], rows, None, numeric=(1, 2, 3)) if rows else None,
        ]
    )


def methods(told: Told) -> Markup | None:
    """The figures of each method at the earlier origins, with intervals."""
    found = told.found
    if found.judgment is None:
        return None
    judged = found.judgment
    wanted = [metric for metric in _MAIN if judged.table.filter(metric=metric).height]
    order = judged.table.filter(metric="mase").sort("value")["forecaster"].to_list()
    rows: list[list[Content]] = []
    for name in order:
        mine = {row["metric"]: row for row in judged.table.filter(forecaster=name).iter_rows(named=True)}
        cells = [_span(mine[metric]) if metric in mine else "" for metric in wanted]
        rows.append(
            [tag("strong", called(name)) if name == OWN else called(name), *cells, _beside(judged.compared, name)]
        )
    one = judged.rolled[OWN]
    caption = (
        f"{plural(len(one.origins), 'round')}: at each, everything was learned anew from what was known until then, "
        f"and the {steps(one.actual.shape[2], found.step)} after it were asked for. With 95 % intervals over series. "
        "MASE: the mean error in units of the change from "
        f"{'week to week' if found.step == 'week' else 'one weekday to the next of its kind'} in the past; WAPE: the "
        "sum of errors against the sum of units; pinball loss: of all quantiles together, against the units; "
        "coverage: steps between the outer quantiles."
    )
    return joined(
        [
            paragraph(verdict_said(told.found)),
            table(
                ["Method", *map(metric_name, wanted), "MASE against seasonal naive"],
                rows,
                caption,
                numeric=range(1, len(wanted) + 1),
            ),
        ]
    )


def _beside(compared: Frame, name: str) -> str:
    rows = compared.filter(forecaster=name, against=NAIVE, metric="mase") if compared.height else compared
    return str(rows["verdict"][0]) if rows.height else ""


def errors(told: Told) -> Markup | None:
    """Errors by steps ahead and by volume."""
    found = told.found
    if found.judgment is None:
        return None
    from .. import plots as common
    from . import plots

    rows = found.judgment.by_horizon.filter(metric="wape", forecaster=OWN)
    first, last = rows["value"][0], rows["value"][-1]
    ahead = ahead_said(found) if rows.height > 1 else ""
    volumes = found.judgment.by_volume.filter(metric="mase", forecaster=OWN)
    said = ", ".join(f"{row['volume']} {row['value']:.2f}" for row in volumes.iter_rows(named=True))
    parts: list[Content] = []
    if rows.height > 1:
        parts += [
            tag("h3", "By steps ahead"),
            paragraph(ahead),
            figure(
                Markup(common.telling(plots.by_step(found.judgment, "wape", found.step))),
                f"WAPE by steps ahead: {share(first)} to {share(last)}.",
            ),
        ]
    if found.panel.n_series >= 3:
        words = (
            "Thirds of the series by what they sold before the first round. Below 1 the forecast is nearer than the "
            "latest step would have been in the past."
        )
        parts += [
            tag("h3", "By volume"),
            paragraph(words),
            figure(Markup(common.telling(plots.by_volume(found.judgment, "mase"))), f"MASE by volume: {said}."),
        ]
    return joined(parts) if parts else None


def trust(told: Told) -> Markup | None:
    """Whether nine of ten steps fall into what should hold nine of ten."""
    found, rows = told.found, told.inside
    if found.judgment is None or not rows.height:
        return None
    from .. import plots as common
    from . import plots

    whole = rows.filter(step=0)
    said = "; ".join(
        f"{share(row['value'])} ({share(row['low'])} to {share(row['high'])}) in the {row['interval']}"
        for row in whole.iter_rows(named=True)
    )
    words = (
        f"Over all rounds there were {said}. A dashed line is what each should hold. Where little is sold, more falls "
        "inside: a step without a sale cannot lie below the lower end."
    )
    return joined(
        [
            paragraph(words),
            figure(
                Markup(common.telling(plots.coverage(found, rows.filter(pl.col("step") > 0)))),
                f"Coverage by steps ahead; {said}.",
            ),
        ]
    )


def reading(told: Told) -> Markup:
    """What the table held, and what had to be put right."""
    found, panel = told.found, told.found.panel
    facts = panel_said(found)
    if "returned" in panel.past:
        facts.append(
            f"{count(float(np.nansum(panel.past['returned'])))} units came back; returns are no demand, and stand "
            "apart."
        )
    if panel.known:
        reach = min(panel.ahead, found.forecast.horizon)
        until = (
            f"for {steps(reach, found.step)} to come"
            if reach
            else "for none of the steps to come: they stay as they were last"
        )
        facts.append(f"Known ahead: {', '.join(panel.known)}, {until}.")
    put = [tag("li", _sentence(note)) for note in found.notes]
    right: Content = (
        [tag("h3", "Put right while reading"), tag("ul", put)] if put else paragraph("Nothing had to be put right.")
    )
    return joined([tag("ul", [tag("li", fact) for fact in facts]), right])


def protocol(told: Told) -> Markup:
    """Enough to do it again."""
    found = told.found
    facts = {"Horizon": steps(found.forecast.horizon, found.step)}
    if found.forecast.levels:
        facts["Quantiles"] = (
            ", ".join(f"{100 * level:g} %" for level in found.forecast.levels)
            + ": from errors at earlier origins, no distribution assumed"
        )
    if found.judgment is not None:
        dates = found.panel.calendar.dates(found.panel.n_steps + 1)
        facts["Rounds"] = ", ".join(day_said(dates[origin]) for origin in found.judgment.rolled[OWN].origins)
        facts["Intervals"] = "95 %, bootstrap over series, each with all of its rounds; tests paired over series (Holm)"
        facts["Quantiles of sums"] = "from how far the sums of the rounds lay off"
    facts |= dict(told.facts)
    return tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()], cls="facts")


def lead(told: Told) -> Markup:
    """The whole page in a few sentences."""
    found = told.found
    h, (total, other) = found.forecast.horizon, told.sums
    begin = day_said(found.forecast.dates[0])
    text = (
        f"In the {steps(h, found.step)} from {begin} on, {plural(found.panel.n_series, 'series', 'series')} will sell "
        f"about {amount(total)} units; in the latest {h} they sold {amount(found.latest)} "
        f"({change(total, found.latest)}). {sums_said(found)}"
    )
    if found.judgment is not None:
        text += verdict_said(told.found) + " "
    if found.changed is not None:
        text += f"With {found.change} it would be {amount(other)} units ({change(other, total)})."
    return tag("p", text.strip(), cls="lead")


def _span(row: Mapping[str, Any]) -> Content:
    metric = row["metric"]
    value, low, high = (
        share(row[name]) if metric in ("wape", "coverage") else f"{row[name]:.3f}" for name in ("value", "low", "high")
    )
    return [value, " ", tag("small", f"{low} to {high}")]


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}."
