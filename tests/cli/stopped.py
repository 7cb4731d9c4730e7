"""Runs a command that stops itself: python -m cli.stopped SIGNAL MOMENT WORDS..., as a process of its own.

MOMENT is a task of the progress, such as als, at its second step if it has one; or rename:3, before the third time that
a finished file or folder is put in its place.
"""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from regulars.cli import main
from regulars.cli.bars import watched
from regulars.core import Run

SIGNAL = getattr(signal, sys.argv[1])


def stop():
    os.kill(os.getpid(), SIGNAL)


def at_task(task):
    """Every command's progress is watched by one who stops the work."""
    steps = []

    def on_epoch(step):
        if step.task == task:
            steps.append(step)
            if len(steps) == 2 or step.done == step.total or step.total == 1:
                stop()

    @contextmanager
    def watching(*, quiet, **how):
        with watched(quiet=quiet, **how):
            yield Run(**how, on_epoch=on_epoch)

    for name, module in list(sys.modules.items()):
        if name.startswith("regulars.cli.") and getattr(module, "watched", None) is watched:
            module.watched = watching


def at_rename(number):
    """Renames are what makes results appear."""
    count = [0]
    for name in ("rename", "replace"):
        original = getattr(Path, name)

        def counted(self, target, original=original):
            count[0] += 1
            if count[0] == number:
                stop()
            return original(self, target)

        setattr(Path, name, counted)


if __name__ == "__main__":
    kind, _, number = sys.argv[2].partition(":")
    at_rename(int(number)) if kind == "rename" else at_task(sys.argv[2])
    sys.argv = ["regulars", *sys.argv[3:]]
    main()
