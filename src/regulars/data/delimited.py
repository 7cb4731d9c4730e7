"""CSV and TSV files: every field as text, so that ids keep their zeros and digits; broken lines are set aside."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from regulars.core import Longs
from regulars.core.errors import EmptyData, UnreadableFile
from regulars.kernels.records import FIELD_END, OPEN_QUOTE, RECORD_END, TOO_FEW, TOO_MANY, cut

from .opening import FileReading, blocks, first_bytes
from .reading import Chunk, Refused, Schema

_HEAD = 1 << 20  # bytes looked at to find encoding and separator
_SEPARATORS = ",;\t|"
REASONS = {TOO_FEW: "too few fields", TOO_MANY: "too many fields", OPEN_QUOTE: "a quote that is never closed"}
_END = bytes([RECORD_END])
NOT_TEXT = "letters that are not in the file's encoding"


@dataclass(frozen=True)
class Delimited(FileReading):
    """One CSV or TSV file with a header; the line of a row is the line of the file where it begins."""

    separator: str
    encoding: str
    header: tuple[str, ...]

    @property
    def note(self) -> str:
        kind = {"\t": "TSV", ",": "CSV"}.get(self.separator, f"CSV with {self.separator}")
        return f"{kind}, {self.encoding}"

    def schema(self) -> Schema:
        return {name: pl.String() for name in self.header}

    def chunks(self, columns: tuple[str, ...] = ()) -> Iterator[Chunk]:
        scanner = _Scanner(self)
        for data, share in blocks(self.path):
            yield scanner.chunk(data, columns, final=False, share=share)
        yield scanner.chunk(b"", columns, final=True, share=1.0)


class _Scanner:
    """Moves through one file: keeps the rest of a block, the next line number, and how the bytes are to be read."""

    def __init__(self, reading: Delimited) -> None:
        self.reading = reading
        self.rest = b""
        self.line = 1
        self.plain = True  # nothing but ASCII so far
        self.decoder = _decoder(reading.encoding)
        self.begun = False
        self.headed = False

    def chunk(self, data: bytes, columns: tuple[str, ...], *, final: bool, share: float) -> Chunk:
        text = self._utf8(data, final)
        if not self.begun:
            text = text.removeprefix(b"\xef\xbb\xbf")
            self.begun = bool(text)
        block = np.frombuffer(self.rest + text + (b"\n" if final else b""), dtype=np.uint8)
        out = np.empty(len(block) + 2, dtype=np.uint8)
        most = int(np.count_nonzero(block == 0x0A)) + 1
        lines = np.empty(most, dtype=np.int64)
        refused = np.empty((most, 4), dtype=np.int64)
        width = len(self.reading.header)
        separator = ord(self.reading.separator)
        size, records, bad, used, line = cut(block, separator, width, self.line, final, out, lines, refused)
        self.rest = block[used:].tobytes()
        skip = int(not self.headed and records > 0)
        self.headed |= bool(skip)
        self.line = line
        clean = out[:size]
        if skip:
            clean = clean[int(np.argmax(clean == RECORD_END)) + 1 :]
        rows, kept, lost = self._rows(clean.tobytes(), lines[skip:records].copy())
        reasons = (*_refused(block, refused[:bad]), *lost)
        picked = rows.select(columns) if columns else rows
        return Chunk(picked, kept, reasons, share)

    def _utf8(self, data: bytes, final: bool) -> bytes:
        if self.decoder:
            return self.decoder.decode(data, final).encode("utf-8")
        return data

    def _rows(self, clean: bytes, lines: Longs) -> tuple[pl.DataFrame, Longs, tuple[Refused, ...]]:
        """The frame of the clean records; records with letters of another encoding are left out and told."""
        try:
            if not clean.isascii():
                clean.decode("utf-8")
                self.plain = False
            return self._parsed(clean), lines, ()
        except UnicodeDecodeError:
            return self._rescued(clean.split(_END)[:-1], lines)

    def _rescued(self, records: list[bytes], lines: Longs) -> tuple[pl.DataFrame, Longs, tuple[Refused, ...]]:
        """Records of which some are not UTF-8: Latin-1 after all if nothing before spoke for UTF-8, else those go."""
        sound = np.array([_is_utf8(record) for record in records])
        kept = [record for record, ok in zip(records, sound, strict=True) if ok]
        if self.plain and not self.decoder and all(record.isascii() for record in kept):
            self.decoder = _decoder("latin-1")
            self.rest = self.rest.decode("latin-1").encode("utf-8")
            return self._parsed(_joined(records).decode("latin-1").encode("utf-8")), lines, ()
        self.plain = False
        texts = [record.decode("utf-8", errors="replace") for record, ok in zip(records, sound, strict=True) if not ok]
        raw = [text.replace(chr(FIELD_END), self.reading.separator) for text in texts]
        return self._parsed(_joined(kept)), lines[sound], (Refused(lines[~sound].tolist(), raw, NOT_TEXT),)

    def _parsed(self, clean: bytes) -> pl.DataFrame:
        names = list(self.reading.header)
        if not clean:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        return pl.read_csv(
            io.BytesIO(clean),
            has_header=False,
            new_columns=names,
            separator=chr(FIELD_END),
            eol_char=chr(RECORD_END),
            quote_char=None,
            infer_schema=False,
        )


def delimited(path: Path, separator: str = "", encoding: str = "") -> Delimited:
    """A CSV or TSV file; separator and encoding are found out unless given.

    Raises EmptyData when there is no header, UnreadableFile when the encoding is unknown.
    """
    head = first_bytes(path, _HEAD)
    coding = encoding or _encoding(head)
    try:
        text = codecs.getincrementaldecoder(coding)(errors="replace").decode(head).removeprefix("\ufeff")
    except LookupError as error:
        raise UnreadableFile(
            f"{path}: the encoding {coding!r} is unknown; utf-8, latin-1 and utf-16 are common"
        ) from error
    line = next((line for line in text.splitlines() if line.strip()), "")
    if not line:
        raise EmptyData(
            f"{path} has no header: its first line should name the columns, for example user_id,item_id,time"
        )
    mark = separator or max(_SEPARATORS, key=line.count)
    names = [
        name.strip() or f"column_{place}" for place, name in enumerate(next(csv.reader([line], delimiter=mark)), 1)
    ]
    return Delimited(path, mark, coding, tuple(_unlike(names)))


def _unlike(names: list[str]) -> Iterator[str]:
    """The names, repeated ones numbered."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _decoder(encoding: str) -> codecs.IncrementalDecoder | None:
    plain = codecs.lookup(encoding).name
    if plain in ("utf-8", "ascii", "utf-8-sig"):
        return None
    return codecs.getincrementaldecoder(plain)(errors="replace")


def _joined(records: list[bytes]) -> bytes:
    return b"".join(record + _END for record in records)


def _is_utf8(record: bytes) -> bool:
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refused(block: np.ndarray, rows: Longs) -> list[Refused]:
    found = []
    for code, reason in REASONS.items():
        some = rows[rows[:, 3] == code]
        if len(some):
            texts = [block[a:b].tobytes().decode("utf-8", errors="replace").rstrip("\r") for a, b, *_ in some]
            found.append(Refused(some[:, 2].tolist(), texts, reason))
    return found
