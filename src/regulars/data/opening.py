"""What every kind of file has in common: a path, a stamp, and bytes that may be packed."""

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from regulars.core.errors import UnreadableFile

from .reading import Chunk, Schema

BLOCK = 32 << 20  # bytes read at a time
DAMAGED = (OSError, EOFError, zlib.error)  # what gzip raises for an archive that is cut off or spoiled


@dataclass(frozen=True)
class FileReading(ABC):
    """One file, whatever its format."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def stamp(self) -> str:
        return stamp(self.path)

    @abstractmethod
    def schema(self) -> Schema: ...

    @abstractmethod
    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]: ...


def first_bytes(path: Path, n: int) -> bytes:
    """The first n bytes of a file, unpacked if it is packed."""
    try:
        with opened(path) as file:
            return file.read(n)
    except DAMAGED as error:
        raise UnreadableFile(f"{path} cannot be read ({error}); copy or export it again") from error


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked if it is gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if packed else path.open("rb")


def stamp(path: Path) -> str:
    """Size and time of change of a file."""
    status = path.stat()
    return f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"


def blocks(path: Path) -> Iterator[tuple[bytes, float]]:
    """The bytes of a file some at a time, unpacked if it is gzip, with the share read so far.

    Raises UnreadableFile where the file is cut off or spoiled.
    """
    size, read = max(1, path.stat().st_size), 0
    try:
        with opened(path) as file:
            while data := file.read(BLOCK):
                read += len(data)
                yield data, min(1.0, read / size)
    except DAMAGED as error:
        raise UnreadableFile(f"{path} cannot be read to its end ({error}); copy or export it again") from error
