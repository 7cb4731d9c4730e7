"""What conditions came to, kept as long as it holds."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import Final

import numpy as np

from regulars.core import Bools

ROOM: Final = 64_000_000  # bytes of masks that are kept
_EACH: Final = 1_000  # bytes that a mask takes beside its values: its key with a text, and places in tables


@dataclass(frozen=True, eq=False)
class Mask:
    """Which items a condition is true of, from the moment `low` until before the moment `high`.

    values: bool [room]; depends: the fields and other parts of the catalog whose change makes it invalid.
    """

    values: Bools
    low: float = -inf
    high: float = inf
    depends: frozenset[str] = frozenset()

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self.values.nbytes + _EACH

    def holds(self, now: float) -> bool:
        return self.low <= now < self.high

    def row(self, n_items: int) -> Bools:
        """As the mask of all queries, bool [1, n_items]; the same array every time: indexes know it again."""
        held: Bools | None = vars(self).get("_row")
        if held is None or held.shape[1] != n_items:
            held = vars(self)["_row"] = self.values[np.newaxis, :n_items]
            held.flags.writeable = False
        return held


class Masks:
    """The newest mask for each key, ROOM bytes at most; changes with every question, from several threads."""

    def __init__(self, masks: Iterable[tuple[Hashable, Mask]] = ()) -> None:
        self._lock = Lock()
        self._masks: OrderedDict[Hashable, Mask] = OrderedDict(masks)
        self._size = sum(mask.size for mask in self._masks.values())

    def __len__(self) -> int:
        return len(self._masks)

    def get(self, key: Hashable, now: float) -> Mask | None:
        """The mask that was kept under a key, if it holds at that moment."""
        with self._lock:
            mask = self._masks.get(key)
            if mask is None or not mask.holds(now):
                return None
            self._masks.move_to_end(key)
            return mask

    def keep(self, key: Hashable, mask: Mask) -> Mask:
        """Keeps a mask in the place of the one before; the longest unused make room for it."""
        with self._lock:
            old = self._masks.pop(key, None)
            self._size += mask.size - (old.size if old else 0)
            self._masks[key] = mask
            while self._size > ROOM and len(self._masks) > 1:
                self._size -= self._masks.popitem(last=False)[1].size
        return mask

    def without(self, changed: frozenset[str]) -> "Masks":
        """Those that depend on nothing of what changed."""
        with self._lock:
            kept = [(key, mask) for key, mask in self._masks.items() if not mask.depends & changed]
        return Masks(kept)
