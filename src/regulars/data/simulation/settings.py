"""What a simulated shop looks like."""

from dataclasses import dataclass
from typing import Final

from regulars.core import Settings, setting

START: Final = 1_704_067_200  # 2024-01-01 00:00 UTC, the first second of every simulated shop


@dataclass(frozen=True)
class ShopSettings(Settings):
    """Size and habits of a simulated shop; the defaults are a small one that takes a second.

    Events: about customers * days / 30 * visits * 3.6, plus what is bought again and again.
    """

    customers: int = setting(2_000, low=1, high=100_000_000, log=True)
    items: int = setting(1_000, low=10, high=10_000_000, log=True)
    days: int = setting(365, low=7, high=3_650)
    visits: float = setting(2.0, low=0.01, high=100.0, log=True)  # of an average customer in 30 days
    tastes: int = setting(8, low=2, high=12)
    categories: int = setting(12, low=1, high=24)
    brands: int = setting(40, low=1, high=1_000)
    focus: float = setting(6.0, low=0.1, high=100.0, log=True)  # how narrow tastes are
    popularity_exponent: float = setting(0.9, low=0.0, high=2.0)  # demand falls with rank ** -exponent
    season: float = setting(0.6, low=0.0, high=0.95)  # the strongest category's swing over a year
    staples: float = setting(2.0, low=0.0, high=50.0)  # products that a customer buys again and again
    returns: float = setting(0.06, low=0.0, high=0.5)  # share of purchases sent back, on average of the categories
    novelties: float = setting(0.1, low=0.0, high=0.9)  # share of items that come during the period
    campaigns: int = setting(4, low=0, high=100)
    control: float = setting(0.3, low=0.05, high=0.95)  # share of a campaign's audience that is not contacted
    effect: float = setting(0.4, low=0.0, high=10.0)  # purchases that a contact adds, on average
    texts: bool = setting(True)  # titles and descriptions; False is quicker
    part_events: int = setting(500_000, low=1_000, high=10_000_000)  # events per part, roughly
