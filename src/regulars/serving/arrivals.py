"""Arrivals: the events of a store in the order in which they came, and whether it still is the store that was read."""

from dataclasses import dataclass

from regulars.store import Placed, Store


@dataclass
class Arrivals:
    """How far the events of a store were read. The last one is the witness that nothing older took the store's place.

    place: of the newest event that was read; witness: its event_id, empty where that is not known. Changes by `more`.
    """

    store: Store
    place: int = 0
    witness: str = ""

    def more(self, limit: int) -> list[Placed] | None:
        """The next events, `limit` at most; None when the store went back to an earlier state, by a backup."""
        found = self.store.events.since(self.place - 1, limit + 1)
        if not found or found[0].place != self.place:  # the witness was erased, or the store is at an earlier place
            if self.store.reached()["events"] < self.place:
                return None
            self.witness = ""
        else:
            event = found.pop(0).event
            if self.witness not in ("", event.event_id):
                return None
            self.witness = event.event_id
        return found[:limit]

    def read(self, found: list[Placed]) -> None:
        """These have been taken in."""
        if found:
            self.place, self.witness = found[-1].place, found[-1].event.event_id
