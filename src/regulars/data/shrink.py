"""Shrink: takes events out of a dataset on disk on request (outliers, minimum counts); they go to quarantine."""

from pathlib import Path

import numpy as np

from regulars.core import Bools, Ints, ints

from .arrange import Arranged, count, files_of, refuse
from .checks import Checks
from .intake import Intake
from .kcore import core_of
from .outliers import beyond
from .storage import Column, read_column

OUTLIER = "a customer far beyond the rest"
TOO_FEW = "below the minimum count"
_STEP = 4_000_000  # events rewritten at a time


def shrink(folder: Path, intake: Intake, found: Arranged, checks: Checks) -> tuple[Ints, Ints]:
    """Rewrites the columns in `folder` as the checks ask; the customers and items that stay, by their numbers."""
    everyone = np.arange(len(intake.users), dtype=np.int32), np.arange(len(intake.items), dtype=np.int32)
    gone = beyond(found.users) | beyond(found.most)
    if checks.outliers == "quarantine" and gone.any():
        _rewrite(folder, ~gone[read_column(folder / "user.npy")], OUTLIER, intake, found)
    if max(checks.min_user_events, checks.min_item_events) <= 1:
        return everyone
    user, item = read_column(folder / "user.npy"), read_column(folder / "item.npy")
    _rewrite(folder, core_of(user, item, checks.min_user_events, checks.min_item_events), TOO_FEW, intake, found)
    users, items = ints(np.flatnonzero(found.users)), ints(np.flatnonzero(found.items))
    _renumber(folder / "user.npy", users, len(intake.users))
    _renumber(folder / "item.npy", items, len(intake.items))
    return users, items


def _rewrite(folder: Path, keep: Bools, reason: str, intake: Intake, found: Arranged) -> None:
    if keep.all():
        return
    _refuse(folder, keep, reason, intake)
    paths = {name: path for name, (path, _) in files_of(intake, folder).items()}
    for path in paths.values():
        _kept(path, keep)
    _recount(folder, found)


def _refuse(folder: Path, keep: Bools, reason: str, intake: Intake) -> None:
    columns = {name: read_column(folder / f"{name}.npy") for name in ("user", "item", "time", "origin")}
    for low in range(0, len(keep), _STEP):
        lost = np.flatnonzero(~keep[low : low + _STEP]) + low
        refuse({name: values[lost] for name, values in columns.items()}, reason, intake)


def _kept(path: Path, keep: Bools) -> None:
    """Rewrites one column with the kept rows alone."""
    old = read_column(path)
    with Column(path.with_suffix(".new"), old.dtype.str) as column:
        for low in range(0, len(old), _STEP):
            column.append(old[low : low + _STEP][keep[low : low + _STEP]])
    path.with_suffix(".new").replace(path)


def _recount(folder: Path, found: Arranged) -> None:
    found.users[:] = found.items[:] = 0
    found.events = found.first = found.last = 0
    found.kinds.clear()
    found.used.clear()
    names = ("user", "item", "time", "kind", "origin")
    count({name: read_column(folder / f"{name}.npy") for name in names}, found, 0, len(found.users))


def _renumber(path: Path, stay: Ints, n: int) -> None:
    place = np.full(n, -1, dtype=np.int32)
    place[stay] = np.arange(len(stay), dtype=np.int32)
    old = read_column(path)
    with Column(path.with_suffix(".new"), "i4") as column:
        for low in range(0, len(old), _STEP):
            column.append(place[old[low : low + _STEP]])
    path.with_suffix(".new").replace(path)
