"""The campaigns of a simulated shop: who was contacted, who was kept as control, and what it added."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import DAY, Bools, Floats, Frame, Ints

from .catalog import user_ids
from .customers import Customers
from .settings import START, ShopSettings
from .words import CATEGORIES

_MEDIA = ("email", "push")


@dataclass(frozen=True)
class Campaigns:
    """What is true of each of c campaigns.

    first, last: days between which a contact adds purchases; category: what it advertises; medium: code;
    audience, contacted: bool [c, n_users]; the audience that is not contacted is the control group;
    added: float32 [c, n_users], the mean number of purchases of the category that a contact adds.
    """

    first: Ints
    last: Ints
    category: Ints
    medium: Ints
    audience: Bools
    contacted: Bools
    added: Floats

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def draw(cls, settings: ShopSettings, customers: Customers, random: np.random.Generator) -> "Campaigns":
        """Campaigns spread over the period, each of two weeks, to customers who consent and have joined by then."""
        c, n = settings.campaigns, len(customers)
        length = min(14, settings.days // 2)
        first = ((np.arange(c) + 0.5) * (settings.days - length) / max(c, 1)).astype(np.int32)
        audience = customers.consent & (customers.joined <= first[:, None])
        contacted = audience & (random.random((c, n)) >= settings.control)
        return cls(
            first=first,
            last=first + length,
            category=random.integers(0, settings.categories, c).astype(np.int32),
            medium=random.integers(0, len(_MEDIA), c).astype(np.int32),
            audience=audience,
            contacted=contacted,
            added=np.where(audience, settings.effect * customers.response, 0).astype(np.float32),
        )

    def frame(self) -> Frame:
        """campaign, category, medium, start, end (UTC)."""
        return pl.DataFrame(
            {
                "campaign": pl.Series(np.arange(len(self)), dtype=pl.Int64),
                "category": pl.Series([name for name, _, _ in CATEGORIES]).gather(self.category),
                "medium": pl.Series(_MEDIA).gather(self.medium),
                "start": _moments(self.first),
                "end": _moments(self.last),
            }
        )

    def contacts(self) -> Frame:
        """campaign, user_id, arm ("contacted" or "control"), sent (UTC)."""
        which, who = np.nonzero(self.audience)
        contacted = self.contacted[which, who]
        return pl.DataFrame(
            {
                "campaign": which.astype(np.int64),
                "user_id": user_ids(self.audience.shape[1]).gather(who),
                "arm": pl.Series(["control", "contacted"]).gather(contacted.astype(np.int64)),
                "sent": _moments(self.first[which]),
            }
        )


def _moments(days: Ints) -> pl.Series:
    seconds = pl.Series(START + days.astype(np.int64) * DAY)
    return pl.from_epoch(seconds, time_unit="s")
