"""Cursors: what the pages before have shown, as a text that the caller hands back; no page repeats an item.

The ids travel, not their indices, so that a cursor outlives a swap of models, a restart, and the replica that made it.
"""

import base64
import hmac
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from regulars.core.errors import QuestionError

_MARK: Final = 8  # bytes that tell a cursor that was tampered with, or that is another question's
_MOST: Final = 600_000  # characters of ids: a text that unpacks to more was made by nobody here
_SEPARATOR: Final = "\n"
_SHORT: Final = 512  # bytes of ids; a window of as many is enough for them, and sooner cleared than that of 32 kB


@dataclass(frozen=True)
class Cursors:
    """Writes and reads cursors. secret: the same for all replicas; empty: a checksum alone."""

    secret: bytes = b""

    def written(self, shown: Sequence[str], about: str) -> str:
        """The text for the ids that were shown so far. about: what a cursor is for: the scenario and the customer."""
        packed = _packed(_SEPARATOR.join(shown).encode())
        return base64.urlsafe_b64encode(self._mark(packed, about) + packed).rstrip(b"=").decode()

    def read(self, cursor: str, about: str) -> tuple[str, ...]:
        """The ids; none for an empty cursor. Raises QuestionError for what is none of these texts."""
        if not cursor:
            return ()
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            if not hmac.compare_digest(raw[:_MARK], self._mark(raw[_MARK:], about)):
                raise ValueError
            unpacking = zlib.decompressobj()
            text = unpacking.decompress(raw[_MARK:], _MOST).decode()
            if unpacking.unconsumed_tail:
                raise ValueError
        except (ValueError, zlib.error) as error:
            raise QuestionError(
                "the cursor is not one of this service, or belongs to another customer or scenario; hand back the "
                "cursor of the page before as it came, or leave it out to begin anew"
            ) from error
        return tuple(text.split(_SEPARATOR)) if text else ()

    def _mark(self, packed: bytes, about: str) -> bytes:
        return blake2b(packed + b"\0" + about.encode(), digest_size=_MARK, key=self.secret[:64]).digest()


def _packed(text: bytes) -> bytes:
    if len(text) > _SHORT:
        return zlib.compress(text)
    packing = zlib.compressobj(1, zlib.DEFLATED, 9, 1)
    return packing.compress(text) + packing.flush()
