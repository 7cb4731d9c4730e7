"""Steps: the moments at which a customer did something, be it a click or a whole basket."""

import numpy as np

from regulars.core import Histories, Longs


def steps_of(history: Histories) -> Longs:
    """The step of each event, counted over all customers; int64 [n_events], rising.

    Events of a customer at one time are one step: the lines of a basket have no order among them.
    """
    rows, times = history.rows, history.times
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (times[1:] != times[:-1])
    return np.cumsum(new) - 1


def steps_since(history: Histories) -> Longs:
    """How many steps of its customer are newer than each event; int64 [n_events], 0 for those of the newest step."""
    steps = steps_of(history)
    ends = history.starts[1:] - 1
    newest = np.zeros(len(history), dtype=np.int64)
    filled = history.lengths > 0
    newest[filled] = steps[ends[filled]]
    since: Longs = newest[history.rows] - steps
    return since
