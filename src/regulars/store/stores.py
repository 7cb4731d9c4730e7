"""One store over any database."""

from pathlib import Path

from . import dumping
from .database import Database
from .documents import Documents
from .erasing import Erasures
from .event_log import EventLog
from .exposure_log import ExposureLog
from .key_ring import KeyRing
from .model_registry import ModelRegistry
from .schema import CUSTOMERS, ITEMS


class DatabaseStore:
    """Everything that a service keeps, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.events = EventLog(database)
        self.items = Documents(database, ITEMS, "item_id")
        self.customers = Documents(database, CUSTOMERS, "user_id")
        self.models = ModelRegistry(database)
        self.erasures = Erasures(database)
        self.exposures = ExposureLog(database, self.erasures)
        self.keys = KeyRing(database)

    def ping(self) -> None:
        self._database.rows("SELECT value FROM counters WHERE name = 'events'")

    def reached(self) -> dict[str, int]:
        return {str(name): int(value) for name, value in self._database.rows("SELECT name, value FROM counters")}

    def backup(self, path: Path) -> None:
        self._database.backup(Path(path))

    def dump(self, folder: Path) -> None:
        dumping.dump(self._database, Path(folder))

    def restore(self, folder: Path) -> None:
        dumping.restore(self._database, Path(folder))

    def close(self) -> None:
        self._database.close()
