"""Forecasters, metrics and units in words."""

from datetime import date

import numpy as np

from ..numbers import count, plural

METRICS = {
    "mase": "MASE",
    "wape": "WAPE",
    "mape": "MAPE",
    "rmspe": "RMSPE",
    "wrmsse": "WRMSSE",
    "pinball": "Pinball loss",
    "coverage": "Coverage",
}


def metric_name(metric: str) -> str:
    """mase -> MASE."""
    return METRICS.get(metric, metric)


def called(name: str) -> str:
    """seasonal_naive -> seasonal naive; forecast -> this forecast."""
    return "this forecast" if name == "forecast" else name.replace("_", " ")


def units_said(value: float | None) -> str:
    """12345.6 -> 12,346 units; 0.43 -> 0.4 units."""
    if value is None or np.isnan(value):
        return "unknown"
    return f"{amount(value)} units" if value != 1 else "1 unit"


def amount(value: float) -> str:
    """12345.6 -> 12,346; 0.43 -> 0.4."""
    return count(value) if value >= 9.95 or value == round(value) else f"{value:.1f}"


def day_said(day: np.datetime64 | date) -> str:
    """27 November 2023."""
    one = day.astype("datetime64[D]").astype(object) if isinstance(day, np.datetime64) else day
    return f"{one.day} {one:%B %Y}"


def steps(n: int, step: str) -> str:
    """1 week, 4 weeks."""
    return plural(n, step)


def change(now: float, before: float) -> str:
    """+3.7 %; nothing where there was nothing before."""
    return "–" if not before or np.isnan(now) else f"{100 * (now / before - 1):+.1f} %"  # noqa: RUF001
