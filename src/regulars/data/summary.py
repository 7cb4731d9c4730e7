"""Summary: the check report of a shop that was read, and what its numbers suggest to do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from regulars.core import EVENT

from . import kinds
from .arrange import REPEATED, SAME_EVENT, Arranged
from .catalog import Features
from .intake import Intake, joined_columns
from .outliers import Outlier, named
from .prepared import QUARANTINE
from .report import CheckReport, FileCount, KindCount, TableReport

_MUCH = 0.01  # a share of the rows that is worth a warning
_MANY_RETURNS = 0.2  # a share of the events


def summary(
    intake: Intake, found: Arranged, tables: Sequence[Features], outliers: tuple[Outlier, ...], sizes: tuple[int, int]
) -> CheckReport:
    """Everything that was counted on the way. sizes: customers and items of the dataset."""
    unknown, unknown_events, unsold = _unknown(intake, found, tables)
    report = CheckReport(
        tables=(_events(intake, found), *(table.report for table in tables)),
        events=found.events,
        customers=sizes[0],
        items=sizes[1],
        sessions=found.sessions,
        first=found.first,
        last=found.last,
        kinds=_kinds(intake, found),
        duplicates=found.duplicates,
        returns=found.returns,
        orphans=found.orphans,
        unknown_items=unknown,
        unknown_item_events=unknown_events,
        unsold_items=unsold,
        outliers=outliers,
        examples=tuple(intake.quarantine.examples),
        quarantine=QUARANTINE,
        context=_context(intake),
    )
    return replace(report, warnings=tuple(_warnings(report, intake)))


def far_beyond(intake: Intake, found: Arranged) -> tuple[Outlier, ...]:
    """The customers with far more events, in all or within an hour, than the rest."""
    ids = intake.users.ids()
    return (*named("events", found.users, ids), *named("events within an hour", found.most.astype(np.int64), ids))


def _events(intake: Intake, found: Arranged) -> TableReport:
    files = tuple(
        FileCount(
            reading.name, reading.note, intake.rows[place], found.used[place], intake.rows[place] - found.used[place]
        )
        for place, reading in enumerate(intake.files)
    )
    columns, notes = joined_columns(intake.layouts)
    reasons = intake.quarantine.reasons("events")
    return TableReport("events", files, columns, reasons, dict(intake.missing), (*notes, *intake.notes))


def _kinds(intake: Intake, found: Arranged) -> tuple[KindCount, ...]:
    said: dict[str, list[str]] = {}
    for word, name in intake.kinds.said.items():
        said.setdefault(name, []).append(word)
    weights = intake.kinds.table
    return tuple(
        KindCount(name, found.kinds[code], float(weights[code]), tuple(said.get(name, ())))
        for code, name in enumerate(intake.kinds.names)
        if found.kinds[code]
    )


def _unknown(intake: Intake, found: Arranged, tables: Sequence[Features]) -> tuple[int, int, int]:
    """Items met in events and not in the catalog, their events, and items of the catalog without events."""
    catalog = next((table for table in tables if table.report.name == "items"), None)
    if catalog is None:
        return 0, 0, 0
    ids = intake.items.ids().cast(pl.String)
    listed = catalog.frame["item_id"].cast(pl.String)
    unknown = ~ids.is_in(listed.implode()).to_numpy() & (found.items > 0)
    sold = ids.filter(pl.Series(found.items > 0))
    return int(unknown.sum()), int(found.items[unknown].sum()), int((~listed.is_in(sold.implode())).sum())


def _context(intake: Intake) -> dict[str, str]:
    columns = {"session": "number"} | dict.fromkeys(intake.money, "number")
    return columns | {context.name: context.kind for context in intake.contexts if not context.left_out}


def _warnings(report: CheckReport, intake: Intake) -> Iterator[str]:
    """What stands out, each with what to do about it."""
    for table in report.tables:
        yield from (f"{table.name}: {note}." for note in table.notes)
        for reason, n in table.reasons.items():
            if n >= _MUCH * max(1, table.rows):
                yield f"{n / max(1, table.rows):.1%} of the rows of {table.name}: {reason}.{advice(reason)}"
    if not intake.timed:
        yield "No column tells the time: the order of the rows stands for it. Splits by time need one: name it."
    strange = [name for name in intake.kinds.strange if name != EVENT]
    if strange:
        yield f"The kinds {', '.join(strange)} have no usual weight and count 1. Give them one under [kinds]."
    yield from _repeated(report, intake)
    if report.orphans:
        yield f"{report.orphans:,} returns have no purchase before them in the log; they weigh nothing."
    if intake.zero_quantity:
        yield f"{intake.zero_quantity:,} events have the quantity 0; they count like any other."
    if report.unknown_items:
        items, events = f"{report.unknown_items:,} items", f"{report.unknown_item_events:,} events"
        yield f"{items} with {events} are not in the catalog. They are kept; do the ids of both tables look alike?"
    yield from _outlying(report)
    if sum(kind.events for kind in report.kinds if kind.name == kinds.RETURN) > _MANY_RETURNS * report.events:
        yield "More than a fifth of the events are returns. Is the sign of the quantities right?"


def _repeated(report: CheckReport, intake: Intake) -> Iterator[str]:
    if not report.duplicates:
        return
    found = f"{report.duplicates:,} events are there more than once"
    if any(reason in report.tables[0].reasons for reason in (REPEATED, SAME_EVENT)):
        yield f"{found}; the repeats are quarantined."
    elif intake.checks.duplicates == "auto":
        yield f"{found} and kept: a log of days without quantities says so when several pieces were bought."
    else:
        yield f"{found} and kept, as it was asked for."


def _outlying(report: CheckReport) -> Iterator[str]:
    if not report.outliers:
        return
    worst = report.outliers[0]
    n = len({outlier.customer for outlier in report.outliers})
    who = f"{n} customers are" if n > 1 else "One customer is"
    first = f"{worst.customer} with {worst.count:,} {worst.what} where {worst.typical:,.0f} is typical"
    yield (
        f"{who} far beyond the rest, first {first}. A reseller, a bot, the till itself? "
        'outliers = "quarantine" under [check] takes them out.'
    )


def advice(reason: str) -> str:
    """What to do about rows that were refused for this reason; empty where nothing is known to help."""
    return {
        "no customer": " Without a customer nobody can be recommended to; do guests have a session or card to go by?",
        "no item": " Such rows are searches, visits or totals; they tell nothing of an item.",
        "a time that cannot be read": ' Name its form under [time]: format = "%d.%m.%Y".',
        "a time in the future": " Is the time zone right, or day and month changed about?",
        REPEATED: " Was a file exported twice?",
        "too many fields": " Does a text hold the separator without quotes?",
    }.get(reason, "")
