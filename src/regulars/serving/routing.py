"""Routing: from the raw path of a request to its endpoint, so that ids may hold slashes, spaces and any letters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from .calls import Endpoint
from .problems import Problem

MOST = 512  # characters of an id


@dataclass
class _Place:
    """A place in the tree of paths. Changes only while the tree grows."""

    named: dict[bytes, "_Place"] = field(default_factory=dict)
    any: "_Place | None" = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)


class Router:
    """The table of endpoints as a tree by the parts of their paths."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Place()
        for endpoint in endpoints:
            place = self._root
            for part in endpoint.path[1:].split("/"):
                if part.startswith("{"):
                    place.any = place.any or _Place()
                    place = place.any
                else:
                    place = place.named.setdefault(part.encode(), _Place())
            place.endpoints[endpoint.method] = endpoint

    def find(self, raw_path: bytes) -> tuple[Mapping[str, Endpoint], Sequence[bytes]]:
        """The endpoints of a path by method, and the parts of it that are ids, still encoded; ({}, ()) if none."""
        place, parts = self._root, []
        for part in raw_path[1:].split(b"/"):
            named = place.named.get(part)
            if named is not None:
                place = named
            elif place.any is not None and part:
                place = place.any
                parts.append(part)
            else:
                return {}, ()
        return place.endpoints, parts


def id_of(part: bytes) -> str:
    """An id out of a path. Raises Problem."""
    try:
        found = (unquote_to_bytes(part) if b"%" in part else part).decode()
    except UnicodeDecodeError as error:
        raise Problem("malformed", "the path must be percent-encoded UTF-8") from error
    if len(found) > MOST or "\0" in found:
        raise Problem("malformed", f"an id has at most {MOST} characters, and no zero byte")
    return found


def allowed(endpoints: Mapping[str, Endpoint]) -> str:
    """The methods of a path, for the header Allow."""
    head = ["HEAD"] if "GET" in endpoints else []
    return ", ".join(sorted([*endpoints, *head, "OPTIONS"]))
