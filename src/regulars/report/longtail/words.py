"""Figures of the long tail in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..numbers import share

BETTER, WORSE, ALIKE = "better", "worse", "no difference"


def fine(value: float | None) -> str:
    """0.00123 -> 0.0012; 0.392748 -> 0.393: small figures keep two digits that say something."""
    if value is None or value != value:
        return "–"  # noqa: RUF001
    return f"{value:.3f}" if value >= 0.1 or value == 0 else f"{value:.4f}"


def percent(value: float | None) -> str:
    """A share that may be missing."""
    return share(float("nan") if value is None else value)


def changed(row: Mapping[str, Any]) -> str:
    """What became of a part: 0.0021 → 0.0105, better."""
    return f"{fine(row['mean'] - row['difference'])} → {fine(row['mean'])}, {row['verdict']}"


def times(before: float, after: float) -> str:
    """How much more: ", 5.0 times as much"; nothing where the one is next to nothing."""
    return f", {after / before:.1f} times as much" if before >= 1e-4 and after > 1.05 * before else ""


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
