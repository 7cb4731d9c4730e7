"""Checks: what is refused, what is only reported, and what is left out on request."""

from dataclasses import dataclass

from regulars.core import Settings, setting


@dataclass(frozen=True)
class Checks(Settings):
    """How strict the check is.

    earliest: days before it are impossible, and so is what lies more than `future_days` ahead of now.
    duplicates: "auto" sets repeated rows aside, unless the log knows only days and no quantities (there two equal rows
    are two pieces); "keep" and "quarantine" decide. outliers: "report" names customers far beyond the rest,
    "quarantine" also takes out their events. min_user_events, min_item_events: repeated until both hold (k-core).
    """

    earliest: str = setting("1990-01-01")
    future_days: float = setting(1.0, low=0.0)
    duplicates: str = setting("auto", choices=("auto", "keep", "quarantine"))
    outliers: str = setting("report", choices=("report", "quarantine"))
    session_gap_minutes: float = setting(30.0, low=0.0)
    min_user_events: int = setting(0, low=0)
    min_item_events: int = setting(0, low=0)
