"""VectorCache: vectors on disk by what they were made of, so that no content is encoded twice.

    IDENTITY/identity.txt     what the encoder is called; the folder has the hash of it as its name
    IDENTITY/*.npy            parts: rows of the content's hash and its vector

A part is written beside its place, moved into it when it is whole, and never changed: a kill loses at most the part
that was being gathered. Several processes may write at a time.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from regulars.core import Bools, Floats
from regulars.core.errors import CannotWrite

KEY: Final = 16  # bytes of a content's hash
MANY: Final = 16  # parts from which on they are made one
ABANDONED: Final = 3600.0  # seconds after which a half-written part is that of a killed run


def key_of(content: bytes) -> bytes:
    """By what a content is known again; 16 bytes."""
    return hashlib.blake2b(content, digest_size=KEY).digest()


@dataclass(frozen=True)
class VectorCache:
    """The vectors of one encoder in a folder. identity, width: of the encoder."""

    folder: Path
    identity: str
    width: int

    @classmethod
    def of(cls, folder: Path, identity: str, width: int) -> "VectorCache":
        """The part of a common folder that belongs to one encoder."""
        return cls(folder / hashlib.blake2b(identity.encode(), digest_size=8).hexdigest(), identity, width)

    def fill(self, keys: Sequence[bytes], vectors: Floats) -> Bools:
        """Writes what is known into `vectors` [n, width]; which were known, bool [n]. keys: each once."""
        wanted = _packed(keys)
        known = np.zeros(len(keys), dtype=np.bool_)
        order = np.argsort(wanted, kind="stable")
        ordered = wanted[order]
        for part in self._parts():
            rows = self._read(part)
            if rows is None or not len(rows) or not len(ordered):
                continue
            have = rows["key"]
            first = np.searchsorted(ordered, have, "left")
            matched = np.flatnonzero(ordered[np.minimum(first, len(ordered) - 1)] == have)
            places = order[first[matched]]
            vectors[places] = rows["vector"][matched]
            known[places] = True
        return known

    def add(self, keys: Sequence[bytes], vectors: Floats) -> None:
        """One more part, whole or not at all. Raises CannotWrite."""
        rows = np.empty(len(keys), dtype=self._row)
        rows["key"] = _packed(keys)
        rows["vector"] = vectors
        self._write(rows)

    def gather(self) -> None:
        """Makes one part of many; a kill in between leaves rows twice, which does no harm."""
        self._sweep()
        parts = self._parts()
        if len(parts) < MANY:
            return
        read = [(part, rows) for part in parts if (rows := self._read(part)) is not None]
        every = np.concatenate([rows for _, rows in read]) if read else np.empty(0, self._row)
        _, first = np.unique(every["key"], return_index=True)
        self._write(every[np.sort(first)])
        for part in parts:
            part.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """What killed runs left half-written."""
        for left in self.folder.glob(".*.part"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()

    @property
    def _row(self) -> np.dtype[np.void]:
        return np.dtype([("key", f"S{KEY}"), ("vector", np.float32, (self.width,))])

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("*.npy"))

    def _read(self, part: Path) -> np.ndarray | None:
        """The rows of a part, mapped; None for what is damaged or gone, whose contents are encoded again."""
        try:
            rows = np.load(part, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return rows if rows.dtype == self._row and rows.ndim == 1 else None

    def _write(self, rows: np.ndarray) -> None:
        scratch = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (said := self.folder / "identity.txt").exists():
                said.write_text(self.identity, encoding="utf-8")
            with scratch.open("wb") as file:
                np.save(file, rows, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(scratch.with_name(f"{uuid.uuid4().hex}.npy"))
        except OSError as error:
            with suppress(OSError):
                scratch.unlink()
            raise CannotWrite(f"vectors cannot be kept in {self.folder}: {error}. Name another folder") from error


def _packed(keys: Sequence[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(keys), dtype=f"S{KEY}")
