"""FileKeys: what files hold, by their path, size and time of change, so that none is read again that has not changed.

    files.parquet   path, size, changed (nanoseconds since 1970), key: beside the vectors; written when something is new

To lose it costs time alone. Several processes may write at a time: the last one stays.
"""

import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

import polars as pl

from .vector_cache import key_of

NAME: Final = "files.parquet"
YOUNG: Final = 2_000_000_000  # nanoseconds after a change in which another one may bear the same time
_SCHEMA: Final = {"path": pl.String, "size": pl.Int64, "changed": pl.Int64, "key": pl.Binary}


class FileKeys:
    """The keys of the files that were read from here on, and in former runs. Changes: grows with what it is asked.

    folder: where they are kept; None keeps them for as long as it lives.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder else None
        self._known: dict[str, tuple[int, int, bytes]] = _read(self._path) if self._path else {}
        self._grown = False

    def key(self, path: Path) -> bytes:
        """By what the content of a file is known again. Raises OSError and ValueError, as reading it does."""
        name, said = os.path.abspath(path), path.stat()
        size, changed, key = self._known.get(name, (-1, -1, b""))
        if (size, changed) == (said.st_size, said.st_mtime_ns):
            return key
        key = key_of(path.read_bytes())
        if time.time_ns() - said.st_mtime_ns > YOUNG:
            self._known[name] = (said.st_size, said.st_mtime_ns, key)
            self._grown = True
        return key

    def keep(self) -> None:
        """Writes them beside their place and moves them into it; nothing is lost but time where that cannot be."""
        if self._path is None or not self._grown:
            return
        rows = [(name, *one) for name, one in self._known.items()]
        scratch = self._path.with_name(f".{uuid.uuid4().hex}.part")
        with suppress(OSError, pl.exceptions.PolarsError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(scratch)
            scratch.replace(self._path)
        with suppress(OSError):
            scratch.unlink()
        self._grown = False


def _read(path: Path) -> dict[str, tuple[int, int, bytes]]:
    """What was kept; nothing where it is damaged."""
    try:
        rows = pl.read_parquet(path, schema=_SCHEMA, glob=False).rows()
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {name: (size, changed, key) for name, size, changed, key in rows}
