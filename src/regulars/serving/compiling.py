"""Compiling: what a service and its models need is compiled for this machine once, in a process of its own.

A compiler inside the service would keep a hundred megabytes, and questions would wait while it works. What it makes
lies in numba's folder, from where the service takes it in a moment. The process is `rehearsing`.
"""

import json
import logging
import platform
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from regulars.models.kinds.saving import PAGE as MODEL_PAGE

from .versions import PARTS

_NOTE: Final = ".compiled.json"  # beside the versions: what was compiled on which machine
_MOST: Final = 200  # lines of it
_LONGEST: Final = 600.0  # seconds
_SORTS: Final = re.compile(r'"(?:class|method)": "([^"]+)"')
_log = logging.getLogger(__name__)


class Compiling:
    """Has all compiled before a version is loaded, where that was not done on this machine yet.

    folder: of the versions. doing: told what is being compiled, and "" when nothing is any more.
    """

    def __init__(self, folder: Path, doing: Callable[[str], object]) -> None:
        self._folder, self._doing = folder, doing
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._turn = threading.Lock()

    def prepare(self, version: Path | None) -> None:
        """Returns when the service can answer with the models of a version, None for none, without a compiler.

        What fails is left to the loading.
        """
        with self._turn:
            sort = sort_of(version)
            if sort in self._noted() or self._closed:
                return
            try:
                if self._compiled(version):
                    self._note(sort)
            except OSError as error:
                _log.info("compiling in a process of its own failed: %s", error)
            finally:
                self._doing("")

    def close(self) -> None:
        """Ends what is being compiled."""
        self._closed = True
        if (process := self._process) is not None:
            process.terminate()

    def _compiled(self, version: Path | None) -> bool:
        command = [sys.executable, "-m", "regulars.serving.rehearsing", *([str(version)] if version else [])]
        end = threading.Timer(_LONGEST, self.close)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            self._process = process
            end.start()
            try:
                for line in process.stdout or ():
                    _log.info("compiling for this machine, once: %s", line.strip())
                    self._doing(line.strip())
            finally:
                end.cancel()
                self._process = None
        return process.returncode == 0

    def _noted(self) -> list[str]:
        try:
            noted = json.loads((self._folder / _NOTE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [str(one) for one in noted] if isinstance(noted, list) else []

    def _note(self, sort: str) -> None:
        text = json.dumps([*self._noted(), sort][-_MOST:])
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / _NOTE).write_text(text, encoding="utf-8")


def sort_of(version: Path | None) -> str:
    """The same for versions that need the same of a compiler: by their classes, the machine and the code."""
    pages = sorted(version.glob(f"{PARTS}/*/{MODEL_PAGE}")) if version else []
    classes = sorted({name for page in pages for name in _SORTS.findall(page.read_text(encoding="utf-8"))})
    kernels = Path(__file__).parent.parent / "kernels"
    newest = max((file.stat().st_mtime_ns for file in kernels.glob("*.py")), default=0)
    machine = (platform.node(), platform.machine(), platform.processor(), sys.version, str(kernels), newest)
    return sha256(repr((classes, machine)).encode()).hexdigest()[:32]
