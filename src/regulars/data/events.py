"""From the rows of a log, as they stand there, to events: what cannot be used is told by reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from regulars.core import DAY, EVENT, Bools, Floats, Longs
from regulars.core import Codes as KindCodes
from regulars.core.errors import BadTable, SettingError

from . import kinds
from .checks import Checks
from .codes import Codes
from .layout import MONEY, Layout, as_key
from .moments import UNKNOWN, Clock
from .numbers import numbers, without_blanks
from .reading import Chunk
from .times import seconds

Column = np.ndarray[Any, Any]


@dataclass
class Kinds:
    """Names and weights of the kinds of events. Grows with every new name."""

    weights: Mapping[str, float]
    names: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)  # the shop's word -> ours
    strange: Counter[str] = field(default_factory=Counter)  # names without a weight of their own
    words: Codes = field(default_factory=lambda: Codes(pl.String))
    of_word: list[int] = field(default_factory=list)  # code of each of the words

    def code(self, name: str) -> int:
        """The code of one of our names."""
        if name not in self.names:
            if len(self.names) == np.iinfo(np.int8).max:
                raise BadTable(
                    f"events have more than {len(self.names)} kinds, such as {self.names[-3:]}; is it the right column?"
                )
            self.names.append(name)
        return self.names.index(name)

    def codes(self, words: pl.Series, default: str) -> KindCodes:
        """The code of each of the shop's words, `default` where there is none; int8 [n]."""
        places = self.words.codes(words.cast(pl.String).fill_null(default))
        counts = np.bincount(places, minlength=len(self.words))
        known = self.words.ids().to_list()
        for word in known[len(self.of_word) :]:
            self.of_word.append(self.code(kinds.canonical(word)))
            self.said[word] = kinds.canonical(word)
        for word, n in zip(known, counts.tolist(), strict=True):
            if n and self.said[word] not in self.weights:
                self.strange[self.said[word]] += n
        return np.array(self.of_word, dtype=np.int8)[places]

    @property
    def table(self) -> Floats:
        """Weight of each code; float32 [n_kinds]."""
        return np.array([self.weights.get(name, 1.0) for name in self.names], dtype=np.float32)


@dataclass(frozen=True)
class Cleaned:
    """The usable events of a chunk, and which of its rows were refused for which reason.

    rows: places of the used rows in the chunk; users, items: ids; columns: time, weight, kind, key, session and those
    of MONEY that the log has; extras: its further columns; refused: a reason and its rows, bool [n rows of the chunk];
    ids: of the events, where the log has any.
    """

    rows: Longs
    users: pl.Series
    items: pl.Series
    columns: dict[str, Column]
    extras: pl.DataFrame
    refused: list[tuple[str, Bools]]
    ids: pl.Series | None = None


class Cleaner:
    """Reads the chunks of one log. Counts what is missing on its way."""

    def __init__(self, layout: Layout, clock: Clock, kinds: Kinds, checks: Checks, whole: Mapping[str, bool]) -> None:
        self.layout, self.clock, self.kinds, self.checks, self.whole = layout, clock, kinds, checks, whole
        self.earliest, self.latest = _limits(checks)
        self.missing: Counter[str] = Counter()
        self.zero_quantity = 0
        self.only_days = True
        self.seen = 0

    def clean(self, chunk: Chunk) -> Cleaned:
        """The events of a chunk."""
        rows = self.layout.complete(chunk.rows)
        n = rows.height
        verdict = _Verdict(n)
        users = self._ids(rows, "user", verdict)
        items = self._ids(rows, "item", verdict)
        time = self._times(rows, verdict)
        money = {name: self._numbers(rows, name, verdict) for name in (*MONEY, "weight") if self.layout.column(name)}
        if "price" in money:
            verdict.refuse("negative price", money["price"] < 0)
        kind = self._kinds(rows, money)
        columns: dict[str, Column] = {"time": time, "kind": kind, "weight": self._weights(kind, money)}
        self._turn(money, kind)
        columns |= {name: values for name, values in money.items() if name != "weight"}
        columns["key"] = self._keys(rows)
        columns["session"] = self._sessions(rows, time)
        used = np.flatnonzero(verdict.sound)
        self._count(rows, used, money)
        kept = {name: values[used] for name, values in columns.items()}
        own = self.layout.column("event_id")
        ids = without_blanks(rows[own].cast(pl.String)).gather(used) if own else None
        extras = self._extras(rows, used)
        return Cleaned(used, users.gather(used), items.gather(used), kept, extras, verdict.reasons, ids)

    def _ids(self, rows: pl.DataFrame, meaning: str, verdict: "_Verdict") -> pl.Series:
        ids = as_key(rows[self.layout.column(meaning)], self.whole[meaning])
        verdict.refuse("no customer" if meaning == "user" else "no item", ids.is_null().to_numpy())
        return ids

    def _times(self, rows: pl.DataFrame, verdict: "_Verdict") -> Longs:
        column = self.layout.column("time")
        self.seen += rows.height
        if not column:
            self.only_days = False
            return np.arange(self.seen - rows.height, self.seen, dtype=np.int64)
        raw = self.layout.moments(rows)
        time = seconds(raw, self.clock)
        unknown = time == UNKNOWN
        if unknown.any():
            blank = without_blanks(raw).is_null().to_numpy()
            verdict.refuse("no time", unknown & blank)
            verdict.refuse("a time that cannot be read", unknown & ~blank)
        if self.clock.form != "days":
            verdict.refuse(f"a time before {self.checks.earliest}", ~unknown & (time < self.earliest))
            verdict.refuse("a time in the future", time > self.latest)
        self.only_days = self.only_days and _whole_days(raw, time[~unknown])
        return time

    def _numbers(self, rows: pl.DataFrame, name: str, verdict: "_Verdict") -> Column:
        found, wrong = numbers(rows[self.layout.column(name)])
        verdict.refuse(f"{name} is not a number", wrong)
        return found.copy()

    def _kinds(self, rows: pl.DataFrame, money: dict[str, Column]) -> KindCodes:
        """Kinds as the log says, and a return where less than nothing was bought."""
        column = self.layout.column("kind")
        if column:
            kind = self.kinds.codes(rows[column], self.layout.kind)
        else:
            kind = np.full(rows.height, self.kinds.code(kinds.canonical(self.layout.kind)), dtype=np.int8)
        back = np.zeros(rows.height, dtype=np.bool_)
        for name in ("quantity", "value"):
            if name in money:
                back |= money[name] < 0
        session = self.layout.column("session")
        if session.lower().startswith("invoice") and rows[session].dtype == pl.String:
            back |= rows[session].str.contains(r"^[Cc]\d+$").fill_null(False).to_numpy()
        if back.any():
            bought = [code for code, name in enumerate(self.kinds.names) if name in (kinds.PURCHASE, EVENT)]
            kind = kind.copy()
            kind[back & np.isin(kind, bought)] = self.kinds.code(kinds.RETURN)
        return kind

    def _weights(self, kind: KindCodes, money: dict[str, Column]) -> Floats:
        weight = self.kinds.table[kind]
        if "weight" in money:
            given = money["weight"]
            weight = weight * np.where(np.isnan(given), 1.0, given)
        if "rating" in money and kinds.RATING in self.kinds.names:
            rated = (kind == self.kinds.code(kinds.RATING)) & ~np.isnan(money["rating"])
            weight = weight * np.where(rated, money["rating"], 1.0)
        return weight.astype(np.float32)

    def _turn(self, money: dict[str, Column], kind: KindCodes) -> None:
        """What came back has a negative quantity and value; the value is price times quantity where it is not given."""
        names = self.kinds.names
        back = kind == (names.index(kinds.RETURN) if kinds.RETURN in names else -1)
        for name in ("quantity", "value"):
            if name in money and back.any():
                money[name] = np.where(back, -np.abs(money[name]), money[name])
        if "value" not in money and "price" in money:
            pieces = money.get("quantity", np.where(back, -1.0, 1.0))
            money["value"] = money["price"] * pieces

    def _keys(self, rows: pl.DataFrame) -> Column:
        """What makes an event the same as another: its own id, else all that is known of it."""
        column = self.layout.column("event_id")
        ids = without_blanks(rows[column].cast(pl.String)) if column else None
        if ids is not None and not ids.null_count():
            return ids.hash(3).to_numpy()
        plain = [name for name, dtype in rows.schema.items() if not dtype.is_nested() and dtype != pl.Object]
        whole = rows.select(plain).hash_rows(3).to_numpy()
        return whole if ids is None else np.where(ids.is_null().to_numpy(), whole, ids.hash(3).to_numpy())

    def _sessions(self, rows: pl.DataFrame, time: Longs) -> Column:
        """One number for each session; rows that name none form one a day."""
        column = self.layout.column("session")
        if not column:
            return np.zeros(rows.height, dtype=np.uint64)
        raw = rows[column]
        keys = raw.hash(4).to_numpy()
        return np.where(raw.is_null().to_numpy(), (time // DAY).astype(np.uint64), keys)

    def _extras(self, rows: pl.DataFrame, used: Longs) -> pl.DataFrame:
        return rows.select(pl.col(column).gather(used).alias(name) for name, column in self.layout.further.items())

    def _count(self, rows: pl.DataFrame, used: Longs, money: dict[str, Column]) -> None:
        for name in rows.columns:
            self.missing[name] += rows[name].null_count()
        if "quantity" in money:
            self.zero_quantity += int((money["quantity"][used] == 0).sum())


def _whole_days(raw: pl.Series, time: Longs) -> bool:
    """Whether times were given as days alone."""
    if raw.dtype == pl.Date:
        return True
    if raw.dtype == pl.Datetime:
        return bool((raw.dt.epoch("s") % DAY == 0).all())
    if raw.dtype == pl.String and raw.str.contains(":", literal=True).any():
        return False
    return bool((time % 3600 == 0).all())


class _Verdict:
    """Which rows of a chunk are refused, each for the first reason that holds."""

    def __init__(self, n: int) -> None:
        self.sound = np.ones(n, dtype=np.bool_)
        self.reasons: list[tuple[str, Bools]] = []

    def refuse(self, reason: str, rows: Bools) -> None:
        fresh = rows & self.sound
        if fresh.any():
            self.reasons.append((reason, fresh))
            self.sound &= ~fresh


def _limits(checks: Checks) -> tuple[int, int]:
    try:
        earliest = int(datetime.fromisoformat(checks.earliest).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise SettingError(f"Checks: earliest must be a day like 1990-01-01; it is {checks.earliest!r}") from error
    return earliest, int(datetime.now(tz=UTC).timestamp() + checks.future_days * DAY)
