"""The data advisor: which methods a shop's data can support, and what each of the others would need."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from regulars.core import Dataset, Frame
from regulars.models import METHODS

from .facts import FEW, Facts
from .needs import need_of


class Verdict(StrEnum):
    """Whether a method can work here."""

    YES = "yes"
    POORLY = "poorly"
    NO = "no"


@dataclass(frozen=True)
class Advice:
    """Of one method: whether it can work here, and why, in sentences with the shop's figures."""

    method: str
    verdict: Verdict
    said: str

    @property
    def possible(self) -> bool:
        return self.verdict is not Verdict.NO


def advise(data: Dataset | Facts, methods: Sequence[str] = tuple(METHODS)) -> list[Advice]:
    """What can be said of each method for these data, in the order of the table of methods."""
    facts = data if isinstance(data, Facts) else Facts.of(data)
    return [_of(method, facts) for method in methods]


def table(given: Sequence[Advice]) -> Frame:
    """method, verdict and said: those that can work first."""
    order = list(Verdict)
    rows = sorted(given, key=lambda one: order.index(one.verdict))
    return pl.DataFrame([{"method": one.method, "works here": str(one.verdict), "why": one.said} for one in rows])


def overview(facts: Facts) -> list[str]:
    """What matters most of a shop's data, in sentences."""
    said = [
        f"{facts.events:,} events of {facts.customers:,} customers and {facts.met:,} of {facts.items:,} items"
        + (f", {facts.days:,.0f} days" if facts.timed else ", without times")
        + ".",
        f"The median customer has {facts.items_each:,.0f} different items; the median item {facts.customers_each:,.0f} "
        "customers.",
    ]
    if facts.thin >= 0.2:
        said.append(
            f"{facts.thin:.0%} of the items have fewer than {FEW} customers; they make {facts.tail:.0%} of what was "
            "wanted. What is learned from behavior says little of those: let content speak for them."
        )
    if facts.ratings:
        said.append(
            f"{facts.ratings:,} events look like ratings. Methods that foretell no ratings read one as how much an "
            "item was wanted: one star counts as a fifth of five, not as dislike. Leave low marks out for them."
        )
    if facts.repeats >= 0.02:
        said.append(f"{facts.repeats:.0%} of the events are of items that the customer had before.")
    if facts.young >= 0.02:
        said.append(
            f"{facts.young:.0%} of the newest events are of items that the earlier log does not know; only what is "
            "known of the items themselves can recommend those."
        )
    if facts.lonely >= 0.3:
        said.append(
            f"{facts.lonely:.0%} of the customers have a single item; views and searches would tell more of them."
        )
    return said


def _of(method: str, facts: Facts) -> Advice:
    need = need_of(method)
    asked = [ask(facts) for ask in need.must]
    if lacking := [finding.said for finding in asked if not finding.met]:
        return Advice(method, Verdict.NO, f"It {need.good}. But {'; and '.join(lacking)}.")
    megabytes = need.memory(facts)
    if megabytes > facts.free_mb:
        return Advice(
            method,
            Verdict.NO,
            f"It {need.good}. But a fit takes about {_size(megabytes)} here, and {_size(facts.free_mb)} are free.",
        )
    wished = [ask(facts) for ask in need.better]
    reasons = dict.fromkeys(finding.said for finding in (*asked[1:], *wished) if finding.met)
    fitting = f"Here: {'; '.join(reasons or [asked[0].said])}."
    size = f" A fit takes about {_size(megabytes)}." if megabytes > 100 else ""
    if lacking := [finding.said for finding in wished if not finding.met]:
        return Advice(method, Verdict.POORLY, f"It {need.good}. {fitting} But {'; and '.join(lacking)}.{size}")
    return Advice(method, Verdict.YES, f"It {need.good}. {fitting}{size}")


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:,.1f} GB" if megabytes >= 1000 else f"{megabytes:,.0f} MB"
