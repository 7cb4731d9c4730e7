"""Columns on disk: numpy files that grow at their end, mapped into memory when read."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from regulars.core.errors import BadTable

_HEADER = 128  # bytes; what numpy writes for every array of one dimension


class Column:
    """Grows: one array in a .npy file, written piece by piece."""

    def __init__(self, path: Path, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.rows = 0
        self._file = path.open("wb")
        self._file.write(b"\x00" * _HEADER)

    def append(self, values: np.ndarray[Any, Any]) -> None:
        """Some more rows."""
        self._file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
        self.rows += len(values)

    def __enter__(self) -> "Column":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Writes the header, now that the length is known; a column that was given up stays without one."""
        if kind is None:
            self._finish()
        self._file.close()

    def _finish(self) -> None:
        self._file.seek(0)
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": (self.rows,)}
        np.lib.format.write_array_header_1_0(self._file, header)
        if self._file.tell() != _HEADER:
            raise BadTable(
                f"a column of {self.rows} rows has a header of {self._file.tell()} bytes; {_HEADER} were left"
            )


def read_column(path: Path, *, mapped: bool = True) -> np.ndarray[Any, Any]:
    """An array as it was written. Mapped pages are private: what is changed in memory never reaches the file."""
    if not mapped or path.stat().st_size <= _HEADER:  # an empty file cannot be mapped
        return np.asarray(np.load(path, allow_pickle=False))
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))
