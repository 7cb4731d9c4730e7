"""Named arrays in one safetensors file, read through a memory map."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from regulars.core.errors import DamagedModel

Arrays = dict[str, np.ndarray]

_TYPES = {
    "BOOL": "bool", "I8": "int8", "U8": "uint8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
    "I64": "int64", "U64": "uint64", "F16": "float16", "F32": "float32", "F64": "float64",
}  # fmt: skip


def write_arrays(arrays: Arrays, path: Path) -> None:
    """Writes contiguous arrays of numbers. Raises OSError."""
    try:
        save_file(arrays, path)
    except SafetensorError as error:  # a full disk, too
        raise OSError(str(error)) from error


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file, mapped: pages are read when they are touched, and shared by all processes that read.

    The arrays can be written to, which never reaches the file. Raises DamagedModel.
    """
    try:
        mapped = np.memmap(path, dtype=np.uint8, mode="c")
        length = int(mapped[:8].view(np.uint64)[0])
        header = json.loads(mapped[8 : 8 + length].tobytes())
        content = np.asarray(mapped)[8 + length :]
        return {name: _array(content, **entry) for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
        raise DamagedModel(f"{path} is not a whole file of arrays ({error}); save the model again") from error


def _array(content: np.ndarray, dtype: str, shape: list[int], data_offsets: list[int]) -> np.ndarray:
    begin, end = data_offsets
    return content[begin:end].view(_TYPES[dtype]).reshape(shape)
