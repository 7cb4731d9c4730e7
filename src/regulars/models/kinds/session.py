"""Session: which part of a history is the current session, and what its items weigh."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from regulars.core import Floats, Histories, Ints, Longs, floats, starts_of

WEIGHTINGS = ("halving", "linear", "div", "quadratic", "log", "same")


@final
@dataclass(frozen=True)
class Session:
    """The events after the last pause of more than `gap` seconds, at most the `most` newest of them.

    weighting: what an item weighs by its newest event, the p-th of n, s = n - p events ago: "halving" 2^(-s / fade),
    "linear" max(0, 1 - s / fade), "div" p / n, "quadratic" (p / n)^2, "log" 1 / log10(s + 1.7), "same" 1; those of
    the library session-rec, where "linear" fades over 10 events. A session without a recent pause is used however long
    ago it ended. tilt: the weights are divided by the n_different ** tilt items of the session.
    """

    gap: float
    most: int
    weighting: str
    fade: float = math.inf
    tilt: float = 0.0

    def of(self, history: Histories, n_items: int) -> tuple[Longs, Ints, Floats, Ints]:
        """Starts [n + 1], different items, their weights above 0, and how many events ago each was met last."""
        known = (history.items >= 0) & (history.items < n_items) & (history.weights > 0)
        current = tail(history.where(known), self.gap).last(self.most)
        newest, positions = last_met(current)
        rows, n = current.rows[newest], current.lengths[current.rows[newest]]
        steps = n - 1 - positions
        weights = self._weights(positions + 1, n, steps)
        heard = weights > 0
        lengths = np.bincount(rows[heard], minlength=len(history))
        weights = weights[heard] / np.repeat(lengths, lengths) ** self.tilt
        return starts_of(lengths), current.items[newest][heard], floats(weights), steps[heard].astype(np.int32)

    def _weights(self, place: Longs, n: Longs, steps: Longs) -> Floats:
        match self.weighting:
            case "halving":
                return floats(np.maximum(np.exp2(-steps / self.fade), 1e-30))
            case "linear":
                return floats(np.maximum(1 - steps / self.fade, 0))
            case "div":
                return floats(place / n)
            case "quadratic":
                return floats((place / n) ** 2)
            case "log":
                return floats(1 / np.log10(steps + 1.7))
            case _:
                return np.ones(len(steps), dtype=np.float32)


def tail(history: Histories, gap: float) -> Histories:
    """Only the events of each row after its last pause of more than `gap` seconds."""
    paused = np.diff(history.times, prepend=0) > gap
    paused[history.starts[:-1][history.lengths > 0]] = False
    sessions = np.cumsum(paused)
    last = sessions[np.repeat(history.starts[1:] - 1, history.lengths)]
    return history.where(sessions == last)


def last_met(sessions: Histories) -> tuple[Longs, Longs]:
    """The newest event of each item of each row, oldest first, and its place in the row, from 0."""
    keys = sessions.rows.astype(np.int64) * (int(sessions.items.max(initial=0)) + 1) + sessions.items
    _, newest = np.unique(keys[::-1], return_index=True)
    events = np.sort(len(keys) - 1 - newest)
    return events, events - sessions.starts[sessions.rows[events]]
