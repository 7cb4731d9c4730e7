"""Days, weeks and chances of the page in words."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.core import DAY

from ..numbers import plural
from .study import Repurchases


def day_of(found: Repurchases, moment: int) -> date:
    """The day of the shop that begins at about this moment: questions are asked at the end of a day, or near it."""
    return datetime.fromtimestamp(int(moment) + DAY // 2, ZoneInfo(found.known.zone)).date()


def week_of(found: Repurchases, week: int) -> tuple[str, str]:
    """The coming week of this number as a label, 27 Nov, and in full: 27 November to 3 December."""
    first = day_of(found, found.at) + timedelta(days=7 * week)
    last = first + timedelta(days=6)
    begin = f"{first.day} {first:%B}" if first.month != last.month else str(first.day)
    return f"{first.day} {first:%b}", f"{begin} to {last.day} {last:%B}"


def horizon_name(weeks: int) -> str:
    """1 week, 2 weeks."""
    return plural(weeks, "week")


def due(found: Repurchases, days: float | None) -> str:
    """The day by which a purchase is as likely as not."""
    if days is None:
        return "beyond a year"
    when = day_of(found, found.at) + timedelta(days=int(days))
    first = day_of(found, found.at)
    return f"{when.day} {when:%b}" if when.year == first.year or (when - first).days < 180 else f"{when:%b %Y}"


def chance(value: float) -> str:
    """0.346 -> 35 %; 0.004 -> < 1 %."""
    return f"{100 * value:.0f} %" if value >= 0.0095 else "< 1 %"


def gap_said(q25: float | None, q50: float | None, q75: float | None) -> str:
    """every 8 days (5 to 14)."""
    if q50 is None or q25 is None or q75 is None:
        return ""
    return f"{q50:.0f} ({q25:.0f} to {q75:.0f})"
