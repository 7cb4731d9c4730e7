"""Files that are whole or not there: whoever reads, at whatever moment the writer was stopped, finds no half."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from regulars.core.errors import CannotWrite


def written(path: Path, write: Callable[[Path], Any]) -> Path:
    """Has `write` fill a file beside `path`, and puts it in its place when it is done. Raises CannotWrite."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(scratch)
        scratch.replace(path)
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be written: {error.strerror or error}. Choose another folder, or make room in this one"
        ) from error
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
    return path
