"""The tables of a store and how they came to be: migrations, numbered, never edited once released."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

TEXT, WHOLE, NUMBER = pl.String(), pl.Int64(), pl.Float64()


@dataclass(frozen=True)
class Layout:
    """One table: its columns in order with their types in a frame, and the column that is unique."""

    name: str
    key: str
    columns: Mapping[str, Any]

    @property
    def order(self) -> str:
        """The column that a dump goes by."""
        return "place" if "place" in self.columns else self.key

    @property
    def listed(self) -> str:
        """The columns as SQL lists them."""
        return ", ".join(self.columns)


_LINE = {"user_id": TEXT, "item_id": TEXT, "kind": TEXT, "time": WHOLE, "weight": NUMBER, "quantity": NUMBER}
_MORE = {"value": NUMBER, "session": TEXT, "context": TEXT, "exposure_id": TEXT}
_DOCUMENT = {"id": TEXT, "fields": TEXT, "place": WHOLE, "changed": WHOLE, "deleted": WHOLE}
_SHOWN = {"items": TEXT, "scores": TEXT, "sources": TEXT, "chances": TEXT, "version": TEXT, "arm": TEXT}

EVENTS = Layout("events", "event_id", {"place": WHOLE, "event_id": TEXT, **_LINE, **_MORE})
ALIASES = Layout("aliases", "visitor", {"visitor": TEXT, "customer": TEXT})
ITEMS = Layout("items", "id", _DOCUMENT)
CUSTOMERS = Layout("customers", "id", _DOCUMENT)
VERSIONS = Layout(
    "versions",
    "name",
    {"name": TEXT, "folder": TEXT, "stage": TEXT, "share": NUMBER, "fingerprint": TEXT}
    | {"made": WHOLE, "promoted": WHOLE, "facts": TEXT, "turn": WHOLE},
)
EXPOSURES = Layout(
    "exposures",
    "exposure_id",
    {"exposure_id": TEXT, "user_id": TEXT, "scenario": TEXT, "time": WHOLE, **_SHOWN, "context": TEXT},
)
KEYS = Layout("keys", "name", {"name": TEXT, "digest": TEXT, "roles": TEXT, "made": WHOLE, "revoked": WHOLE})
COUNTERS = Layout("counters", "name", {"name": TEXT, "value": WHOLE})
LAYOUTS = (COUNTERS, EVENTS, ALIASES, ITEMS, CUSTOMERS, VERSIONS, EXPOSURES, KEYS)
HISTORY = "regulars_migrations"  # the table of the migrations that were applied

# {text}, {whole}, {number} and {past} are said by each database in its own words.
_DOCUMENTS = (
    "id {text} PRIMARY KEY, fields {text} NOT NULL, place {whole} NOT NULL, changed {whole} NOT NULL, "
    "deleted {whole} NOT NULL"
)
MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "the first tables",
        (
            "CREATE TABLE counters (name {text} PRIMARY KEY, value {whole} NOT NULL)",
            "INSERT INTO counters VALUES ('events', 0), ('items', 0), ('customers', 0), ('versions', 0)",
            "CREATE TABLE events (place {whole} PRIMARY KEY, event_id {text} NOT NULL UNIQUE, user_id {text} NOT NULL, "
            "item_id {text} NOT NULL, kind {text} NOT NULL, time {whole} NOT NULL, weight {number} NOT NULL, "
            "quantity {number}, value {number}, session {text}, context {text}, exposure_id {text})",
            "CREATE INDEX events_of_user ON events (user_id, time{past})",
            "CREATE TABLE aliases (visitor {text} PRIMARY KEY, customer {text} NOT NULL)",
            "CREATE INDEX aliases_of_customer ON aliases (customer)",
            f"CREATE TABLE items ({_DOCUMENTS})",
            "CREATE INDEX items_by_place ON items (place)",
            f"CREATE TABLE customers ({_DOCUMENTS})",
            "CREATE INDEX customers_by_place ON customers (place)",
            "CREATE TABLE versions (name {text} PRIMARY KEY, folder {text} NOT NULL, stage {text} NOT NULL, "
            "share {number} NOT NULL, fingerprint {text} NOT NULL, made {whole} NOT NULL, promoted {whole} NOT NULL, "
            "facts {text} NOT NULL, turn {whole} NOT NULL)",
            "CREATE TABLE exposures (exposure_id {text} PRIMARY KEY, user_id {text} NOT NULL, "
            "scenario {text} NOT NULL, time {whole} NOT NULL, items {text} NOT NULL, scores {text} NOT NULL, "
            "sources {text} NOT NULL, chances {text} NOT NULL, version {text}, arm {text}, context {text})",
            "CREATE INDEX exposures_of_user ON exposures (user_id)",
            "CREATE INDEX exposures_by_time ON exposures (time)",
            "CREATE TABLE keys (name {text} PRIMARY KEY, digest {text} NOT NULL UNIQUE, roles {text} NOT NULL, "
            "made {whole} NOT NULL, revoked {whole} NOT NULL)",
        ),
    ),
    (
        "what was deleted is found at once",
        (
            "CREATE INDEX items_deleted ON items (place, id) WHERE deleted = 1",
            "CREATE INDEX customers_deleted ON customers (place, id) WHERE deleted = 1",
        ),
    ),
    (
        "who is erased leaves a keyed hash",
        (
            "CREATE TABLE secrets (name {text} PRIMARY KEY, value {text} NOT NULL)",
            "CREATE TABLE erased (place {whole} PRIMARY KEY, digest {text} NOT NULL, time {whole} NOT NULL)",
            "DELETE FROM customers WHERE deleted = 1",  # their ids were the marks
        ),
    ),
)
