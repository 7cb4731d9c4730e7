"""Caching: compiled kernels are kept in a folder that can be written, and what cannot be read there is compiled anew.

numba keeps them beside the code, else in the folder of the user, and refuses to work where both are read-only: in a
container, or as a system user without a home. It also ends with an AttributeError where its index of an earlier release
names a class that is gone, and with an EOFError where the disk lost the end of one.
"""

import os
import pickle
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import caching
from numba.misc.appdirs import AppDirs

_UNREADABLE = (
    AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError, pickle.UnpicklingError,
)  # fmt: skip


def settle() -> None:
    """Has numba keep what it compiles in a folder of the user's own for passing files, where it has no other one."""
    config: Any = numba.config
    if not config.CACHE_DIR and not any(map(_writable, _usual())):
        with suppress(OSError):  # then there is none at all, and numba says so
            config.CACHE_DIR = str(_own())


def forgive() -> None:
    """Has numba compile anew what it cannot read."""
    files: Any = caching.IndexDataCacheFile
    files._load_index = _forgiving(files._load_index, otherwise=dict)
    files._load_data = _forgiving(files._load_data, otherwise=lambda: None)


def _usual() -> tuple[Path, Path]:
    """Where numba looks: beside the code, and in the folder of the user."""
    user = AppDirs(appname="numba", appauthor=False).user_cache_dir  # type: ignore[no-untyped-call]
    return Path(__file__).parent / "__pycache__", Path(user)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _own() -> Path:
    """The same for all processes of a user, and nobody else's to write: what lies there is executed."""
    user = getattr(os, "getuid", lambda: 0)()
    folder = Path(tempfile.gettempdir()) / f"regulars-kernels-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != user or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="regulars-kernels-"))
    return folder


def _forgiving(load: Callable[..., Any], *, otherwise: Callable[[], Any]) -> Callable[..., Any]:
    def loaded(*arguments: Any) -> Any:
        try:
            return load(*arguments)
        except _UNREADABLE:
            return otherwise()

    return loaded
