"""The store of a service: events, items, customers, models, exposures and keys in SQLite or PostgreSQL.

store = open_store("sqlite:///shop.db")       # or postgresql://user:password@host/shop
"""

from .protocols import Entities, Events, Exposures, Keys, Models, Store
from .records import Appended, Entity, Event, Exposure, Key, Placed, Version

__all__ = [
    "Appended",
    "Entities",
    "Entity",
    "Event",
    "Events",
    "Exposure",
    "Exposures",
    "Key",
    "Keys",
    "Models",
    "Placed",
    "Store",
    "Version",
]
