"""The customers of a simulated shop: tastes, habits, and what the shop knows of them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import Codes, Floats, Frame, Ints

from .catalog import user_ids
from .settings import ShopSettings
from .tastes import Bytes, Doubles, customer_slots
from .words import AGES, CHANNELS, CITIES

_AGE_BY_TASTE = 0.7  # how often the age is the one that goes with the customer's main taste


@dataclass(frozen=True)
class Customers:
    """What is true of each customer; arrays [n_users].

    slots: uint8 [n_users, 64], tastes as in `Tastes`; rate: visits in 30 days; pace: how much slower than the average
    they use things up; joined: the day of the first possible visit; channel, city, age: codes; consent: may be mailed;
    response: how much more than the average they react to a campaign, by age from 0 to 2.
    """

    slots: Bytes
    rate: Floats
    pace: Floats
    joined: Ints
    channel: Codes
    city: Codes
    age: Codes
    consent: np.ndarray
    response: Floats

    def __len__(self) -> int:
        return len(self.rate)

    @classmethod
    def draw(cls, settings: ShopSettings, shares: Doubles, random: np.random.Generator) -> "Customers":
        """Customers whose tastes are, on average, what the catalog offers (`shares` [d])."""
        n = settings.customers
        slots = customer_slots(n, shares, settings.focus, random)
        main = slots[np.arange(n), random.integers(0, slots.shape[1], n)]
        age = np.where(random.random(n) < _AGE_BY_TASTE, main % len(AGES), random.integers(0, len(AGES), n))
        response = np.linspace(0, 2, len(AGES))[age]
        late = random.random(n) < 0.3
        return cls(
            slots=slots,
            rate=(settings.visits * random.gamma(1.2, 1 / 1.2, n)).astype(np.float32),
            pace=np.exp(random.normal(0, 0.15, n)).astype(np.float32),
            joined=np.where(late, random.integers(0, settings.days, n), 0).astype(np.int32),
            channel=random.choice(len(CHANNELS), n, p=(0.45, 0.3, 0.25)).astype(np.int8),
            city=random.integers(0, len(CITIES), n).astype(np.int8),
            age=age.astype(np.int8),
            consent=random.random(n) < 0.8,
            response=(response / max(float(response.mean()), 1e-9)).astype(np.float32),
        )

    def frame(self) -> Frame:
        """The shop's own table of customers: user_id, age, city, channel, consent, joined_day."""
        return pl.DataFrame(
            {
                "user_id": user_ids(len(self)),
                "age": pl.Series(AGES).gather(self.age),
                "city": pl.Series(CITIES).gather(self.city),
                "channel": pl.Series(CHANNELS).gather(self.channel),
                "consent": self.consent,
                "joined_day": self.joined,
            }
        )
