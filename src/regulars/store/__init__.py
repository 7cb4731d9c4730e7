"""The store of a service: events, items, customers, models, exposures and keys in SQLite or PostgreSQL.

store = open_store("sqlite:///shop.db")       # or postgresql://user:password@host/shop
"""

from .opening import open_store
from .protocols import Entities, Erasures, Events, Exposures, Keys, Models, Store
from .records import Appended, Did, Entity, Erased, Event, Exposure, Key, Placed, Version
from .writing import Writer

__all__ = [
    "Appended",
    "Did",
    "Entities",
    "Entity",
    "Erased",
    "Erasures",
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
    "Writer",
    "open_store",
]
