"""Figures as people read them."""

import math
from datetime import UTC, datetime


def count(value: float) -> str:
    """1469307 -> 1,469,307."""
    return f"{round(value):,}"


def short(value: float) -> str:
    """1469307 -> 1.47 million; below a million as it is."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return count(value)


def share(value: float) -> str:
    """0.0784 -> 7.8 %; "-" for what is not known."""
    if math.isnan(value):
        return "–"  # noqa: RUF001
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %".replace(".0 ", " ")


def score(value: float | None) -> str:
    """0.392748 -> 0.393; "-" for what is not known."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"  # noqa: RUF001


def span(low: float | None, high: float | None) -> str:
    """An interval: 0.380 to 0.405."""
    return "" if low is None or high is None or math.isnan(low) else f"{score(low)} to {score(high)}"


def seconds(value: float | None) -> str:
    """0.00052 -> < 0.01 s; 83 -> 1 min 23 s."""
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001
    if value < 0.01:
        return "< 0.01 s"
    if value < 60:
        return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def megabytes(value: float | None) -> str:
    """1843 -> 1.8 GB."""
    if value is None or math.isnan(value):
        return "–"  # noqa: RUF001
    return f"{value / 1000:.1f} GB" if value >= 1000 else f"{value:.0f} MB"


def day(moment: float) -> str:
    """Seconds UTC as a date: 4 December 2017."""
    at = datetime.fromtimestamp(int(moment), UTC)
    return f"{at.day} {at:%B %Y}"


def short_day(moment: float) -> str:
    """Seconds UTC as a date in a table: 4 Dec 2017."""
    at = datetime.fromtimestamp(int(moment), UTC)
    return f"{at.day} {at:%b %Y}"


def quoted(name: str) -> str:
    """The name of a method within a sentence."""
    return f"“{name}”"


def plural(n: float, one: str, many: str = "") -> str:
    """1 product, 2 products."""
    return f"{count(n)} {one if round(n) == 1 else many or one + 's'}"
