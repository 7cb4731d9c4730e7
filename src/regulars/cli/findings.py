"""What `check` and `init` found, as people read it in a terminal."""

from pathlib import Path

import polars as pl
from rich.markup import escape

from regulars.data import CheckReport

from .console import tell
from .tables import show

KINDS = 20  # shown


def tell_check(report: CheckReport, folder: Path) -> None:
    """The shop in figures, what was quarantined and why, and what to look at. folder: where the quarantine file is."""
    first, last = report.days
    tell(
        f"[bold]{report.events:,}[/] events of {report.customers:,} customers and {report.items:,} items, "
        f"{first} to {last}, {report.sessions:,} sessions"
    )
    show(_tables(report), "Tables")
    kinds = pl.DataFrame([{"kind": kind.name, "events": kind.events, "weight": kind.weight} for kind in report.kinds])
    show(kinds.head(KINDS), "Kinds of events")
    if kinds.height > KINDS:
        tell(f"and {kinds.height - KINDS:,} more kinds: is that column the kind of the event?")
    if report.quarantined:
        show(_reasons(report), f"Quarantined rows, kept with their reasons in {folder / report.quarantine}")
    for warning in report.warnings:
        tell(f"[yellow]look at[/] {escape(warning)}")


def _tables(report: CheckReport) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "table": table.name,
                "files": len(table.files),
                "rows": table.rows,
                "used": table.used,
                "quarantined": table.quarantined,
                "columns": ", ".join(f"{meaning} = {column}" for meaning, column in table.columns.items()),
            }
            for table in report.tables
        ]
    )


def _reasons(report: CheckReport) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"table": table, "reason": reason, "rows": rows}
            for table, reasons in report.reasons.items()
            for reason, rows in sorted(reasons.items(), key=lambda pair: -pair[1])
        ]
    )
