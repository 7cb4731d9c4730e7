"""Files: found by path, glob or folder, and recognized by their first bytes, whatever their names say."""

import glob
from collections.abc import Callable
from pathlib import Path
from typing import cast

from regulars.core.errors import UnreadableFile

from .delimited import delimited
from .jsonlines import JsonLines
from .opening import first_bytes
from .parquet import ParquetFile
from .reading import Reading
from .sources import Table

ENDINGS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook (save its sheet as CSV, or unpack it)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (save its sheet as CSV)"),
    (b"SQLite format 3", "an SQLite database (name it by url = sqlite:///...)"),
    (b"ARROW1", "an Arrow file (save it as Parquet)"),
    (b"BZh", "a bzip2 archive (unpack it, or use gzip)"),
    (b"\xfd7zXZ", "an xz archive (unpack it, or use gzip)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive (unpack it, or use gzip)"),
)
_TEXT_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def files(table: Table) -> list[Reading]:
    """One reading for each file of `table.paths`, sorted by name within each path.

    Raises UnreadableFile for a path that is not there, and for a file of another kind.
    """
    return [_reading(path, table) for given in cast(tuple[str, ...], table.paths) for path in expanded(given)]


def expanded(given: str) -> list[Path]:
    """The files that a path, a glob or a folder stands for."""
    path = Path(given).expanduser()
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and ending(p) in ENDINGS and not _hidden(p, path))
    if path.is_file():
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
    if not found:
        raise UnreadableFile(f"there is no file {given}; give a file, a glob such as log/*.csv, or a folder")
    return found


def ending(path: Path) -> str:
    """The last part of a file's name that says its kind, .gz left out."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def kind_of(path: Path, wanted: str = "") -> str:
    """csv, tsv, jsonl or parquet, by the name unless `wanted` says; the first bytes must agree.

    Raises UnreadableFile when they do not.
    """
    head = first_bytes(path, 4096)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "text")
    expected = wanted or ENDINGS.get(ending(path), "parquet" if found == "parquet" else "csv")
    if not head:
        raise UnreadableFile(
            f"{path} is empty (0 bytes); wanted {expected} with a header and rows. Was the export cut off?"
        )
    if found == "text" and expected != "parquet":
        if b"\x00" in head and not head.startswith(_TEXT_BOMS):
            raise UnreadableFile(
                f"{path} holds bytes that are no text; wanted {expected}. Say its encoding if it is UTF-16"
            )
        if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
            raise UnreadableFile(f"{path} is a web page, perhaps a login or an error; wanted {expected}")
        return expected
    if found == expected:
        return found
    what = {"text": "text", "parquet": "a Parquet file", "gzip": "a gzip archive in a gzip archive"}.get(found, found)
    ours = found in ENDINGS.values() or found == "text"
    raise UnreadableFile(
        f"{path} should be {expected} and is {what}; "
        + ("rename it, or say format = in its table" if ours else "give the table itself: CSV, JSON Lines or Parquet")
    )


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _reading(path: Path, table: Table) -> Reading:
    makers: dict[str, Callable[[], Reading]] = {
        "csv": lambda: delimited(path, table.separator, table.encoding),
        "tsv": lambda: delimited(path, table.separator or "\t", table.encoding),
        "jsonl": lambda: JsonLines(path),
        "parquet": lambda: ParquetFile(path),
    }
    return makers[kind_of(path, table.format)]()
