"""Sessions where a log names none: a customer's events until a long enough pause."""

import numpy as np

from regulars.core import Ints, Longs
from regulars.core.errors import BadTable
from regulars.kernels.logs import sessions_by_gap

GAP = 30 * 60  # seconds; the pause that web analytics has used since the 1990s


def sessions(user: Ints, time: Longs, gap: int = GAP) -> Ints:
    """Session number of each event, from 0 in the order of (user, time); int32 [n].

    user, time: events in the order of (user, time); gap: a longer pause, in seconds, begins a new session.
    Raises BadTable when the events are in another order.
    """
    back = (np.diff(user) < 0) | ((np.diff(user) == 0) & (np.diff(time) < 0))
    if back.any():
        raise BadTable(
            f"sessions need events in the order of (user, time); event {int(np.argmax(back)) + 2} comes too late"
        )
    return np.asarray(sessions_by_gap(user, time, gap, 0))
