"""Fingerprint: by what a fit is known again: the numbers that it learns from."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import polars as pl
from torch import Tensor, nn

from regulars.core import Run, Vocabulary

BLOCK = 1 << 24  # bytes looked at together, so that a mapped array never has to be in memory as a whole


def fingerprint(value: object) -> str:
    """The same for values that hold the same arrays, tensors, numbers and texts, whatever they are nested in.

    Of a network it sees the names and shapes alone, of a table of attributes the columns: networks learn from arrays
    that are made of it.
    """
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, value, ())
    return digest.hexdigest()


def _feed(digest: Any, value: object, within: tuple[int, ...]) -> None:
    """within: what the value is nested in, lest a circle be gone round for ever."""
    if id(value) in within:
        return
    inner = (*within, id(value))
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        _feed_array(digest, value)
    elif isinstance(value, nn.Module):
        _feed(digest, {name: tuple(tensor.shape) for name, tensor in value.state_dict().items()}, inner)
    elif isinstance(value, (pl.DataFrame, pl.Series)):
        digest.update(f"{type(value).__name__} {value.shape}".encode())
    elif isinstance(value, Vocabulary):
        digest.update(value.fingerprint.encode())
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            digest.update(f"{key}:".encode())
            _feed(digest, value[key], inner)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _feed(digest, part, inner)
    elif value is None or isinstance(value, (bool, int, float, str, np.generic)):
        digest.update(f"{value!r};".encode())
    else:
        _feed(digest, _content(value), inner)


def _content(value: object) -> object:
    """What an object of ours holds, but for how it is run; of others, only what they are."""
    if isinstance(value, Run):
        return "Run"
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    ours = type(value).__module__.startswith("regulars.")
    return dict(vars(value)) if ours and hasattr(value, "__dict__") else type(value).__qualname__


def _feed_array(digest: Any, array: np.ndarray) -> None:
    digest.update(f"{array.dtype} {array.shape};".encode())
    flat = array.reshape(-1)
    size = max(1, BLOCK // max(1, array.dtype.itemsize))
    for start in range(0, len(flat), size):
        digest.update(np.ascontiguousarray(flat[start : start + size]).tobytes())
