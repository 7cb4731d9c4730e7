"""STAN: sequence and time aware neighborhoods for anonymous sessions."""

from dataclasses import dataclass

from regulars.core import DAY, QUIET, Dataset, Progress, Run, Settings, setting

from .kinds.session import Session
from .kinds.session_neighbors import SessionNeighbors, halving
from .sessions import Sessions
from .vsknn import MINUTE, MOST


@dataclass(frozen=True)
class STAN(Settings):
    """Sequence and Time Aware Neighborhood (Garg, Gupta, Malhotra, Vig, Shroff, SIGIR 2019, eq. 1-4).

    The similarity of a past session is the cosine of its items with those of the current one, of which each weighs half
    for every `position_half_life` events that came after it, and half for every `recency_half_life_days` since the past
    session. Its vote for an item is halved for every `distance_half_life` places between that item and the newest item
    in common. The three decays of the paper, exp(-x / lambda), with half-life = lambda * log(2).
    `neighbors` of the `sample` newest sessions that share an item vote. idf: as in V-SKNN, 0 in the paper; length: the
    power of a past session's number of items by which similarities are divided, .5 in the paper.
    gap_minutes: a longer pause ends a session, in the log and in the history in question, whose last session is the
    current one; inf: everything that a customer did is one session. Of it the 200 newest events are looked at.
    Holds sessions of others without their ids. The defaults are those that validation on diginetica chose.
    """

    neighbors: int = setting(200, low=1, high=10_000, log=True)
    sample: int = setting(5_000, low=1, high=100_000, log=True)
    position_half_life: float = setting(1.15, low=0.05, high=1_000.0, log=True)
    recency_half_life_days: float = setting(80.0, low=0.1, log=True)
    distance_half_life: float = setting(3.0, low=0.05, high=1_000.0, log=True)
    idf: float = setting(1.0, low=0.0, high=10.0)
    length: float = setting(0.1, low=0.0, high=1.0)
    gap_minutes: float = setting(30.0, low=1.0, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> SessionNeighbors:
        gap = self.gap_minutes * MINUTE
        past = Sessions.of(data, gap)
        run.on_epoch(Progress("STAN", 1, 1))
        return SessionNeighbors(
            "stan",
            data.n_items,
            self.neighbors,
            self.sample,
            self.recency_half_life_days * DAY,
            Session(gap, MOST, "halving", self.position_half_life, 0.5),
            *past,
            past.norms(self.length),
            halving(float("inf")),
            halving(self.distance_half_life),
            past.rarity(data.n_items, self.idf),
        )
