"""V-SKNN: what came up in past sessions like this one, the newest clicks counting most."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from regulars.core import QUIET, Dataset, Progress, Run, Settings, floats, setting

from .kinds.session import WEIGHTINGS, Session
from .kinds.session_neighbors import SessionNeighbors
from .sessions import Sessions

MOST: Final = 200  # events of a current session that are looked at
MINUTE: Final = 60  # seconds


@dataclass(frozen=True)
class VSKNN(Settings):
    """Vector multiplication session-kNN (Ludewig, Jannach, UMUAI 2018, section 3.2): for anonymous sessions.

    Of the `sample` newest sessions that share an item with the current one, the `neighbors` whose items in common weigh
    most there vote for their items; a vote fades with the steps since the newest item in common. weighting, step_decay:
    "div" (of the vote: 1 / (1 + steps)), "linear" (over 10 events) and the others of `Session`; idf: votes are
    multiplied by 1 + idf * log(sessions / sessions with the item). length: similarities are divided by the number of a
    session's items to this power; 0 is the published dot product, .5 a cosine.
    gap_minutes: a longer pause ends a session, in the log and in the history in question, whose last session is the
    current one; inf: everything that a customer did is one session. Of it the 200 newest events are looked at.
    Holds sessions of others without their ids. The defaults are those that validation on diginetica chose.
    """

    neighbors: int = setting(150, low=1, high=10_000, log=True)
    sample: int = setting(3_000, low=1, high=100_000, log=True)
    weighting: str = setting("linear", choices=WEIGHTINGS[1:])
    step_decay: str = setting("div", choices=("div", "linear", "log", "same"))
    idf: float = setting(1.5, low=0.0, high=10.0)
    length: float = setting(0.25, low=0.0, high=1.0)
    gap_minutes: float = setting(30.0, low=1.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SessionNeighbors:
        gap = self.gap_minutes * MINUTE
        past = Sessions.of(data, gap)
        run.on_epoch(Progress("V-SKNN", 1, 1))
        return SessionNeighbors(
            "vsknn",
            data.n_items,
            self.neighbors,
            self.sample,
            math.inf,
            Session(gap, MOST, self.weighting, 10.0),
            *past,
            past.norms(self.length),
            self._steps(),
            np.ones(1, dtype=np.float32),
            past.rarity(data.n_items, self.idf),
        )

    def _steps(self) -> np.ndarray:
        steps = np.arange(MOST)
        match self.step_decay:
            case "div":
                return floats(1 / (1 + steps))
            case "linear":
                return floats(np.maximum(1 - 0.1 * (1 + steps), 0))
            case "log":
                return floats(1 / np.log10(steps + 2.7))
            case _:
                return np.ones(1, dtype=np.float32)
