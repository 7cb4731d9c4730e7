"""Lesson: the histories that a network learns from, and what is withheld to judge it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regulars.core import MISSING, Dataset, Ints, Run
from regulars.core.errors import BadTable, EmptyData

from ..kinds.profile import Profile, parts_of
from ..withheld import Withheld
from .bags import Rows

if TYPE_CHECKING:
    from ..autoencoder import Autoencoder
    from ..ncf import NCF


@dataclass(frozen=True)
class Lesson:
    """What an autoencoder learns from: the histories over the items that were met, and what is withheld of them.

    places: int32 [n_items], the place of each item among those that were met, MISSING for the others.
    """

    rows: Rows
    places: Ints
    profile: Profile
    withheld: Withheld

    @classmethod
    def of(cls, data: Dataset, settings: "Autoencoder | NCF", run: Run) -> "Lesson":
        profile = Profile(settings.rule, settings.half_life_days)
        share = settings.validation if settings.patience else 0.0
        withheld = Withheld.of(data, share, run.random())
        starts, items, amounts = parts_of(profile.of(withheld.known.everyone(), data.n_items))
        if not len(items):
            raise EmptyData("it learns from what was met, and no event weighs more than 0; give some a positive weight")
        if not np.isfinite(amounts).all():
            strange = int((~np.isfinite(data.weight)).sum())
            raise BadTable(
                f"weights need to be numbers; {strange} of {len(data)} are not. Give them 0, or leave them out"
            )
        met = np.zeros(data.n_items, dtype=np.bool_)
        met[items] = True
        places = np.where(met, np.cumsum(met) - 1, MISSING).astype(np.int32)
        return cls(Rows(np.unique(starts), places[items], amounts), places, profile, withheld)

    @property
    def n_items(self) -> int:
        """Items that were met."""
        return int(self.places.max()) + 1
