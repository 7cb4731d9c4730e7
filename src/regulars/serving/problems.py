"""Problems: what went wrong with a request, after RFC 9457, in words that the caller can act on."""

import logging
import re
from collections.abc import Sequence

import msgspec

from regulars.core.errors import (
    BadRecord,
    CannotDo,
    NotYet,
    Overloaded,
    QuestionError,
    RegularsError,
    RuleError,
    SettingError,
    StoreFull,
    StoreUnavailable,
    UnknownId,
)

from .schemas import Mistake, ProblemDetails, Refused

log = logging.getLogger(__name__)

KINDS = {
    "malformed": (400, "The request cannot be read"),
    "no-key": (401, "A key is needed"),
    "not-allowed": (403, "This key may not do that"),
    "not-found": (404, "There is no such thing"),
    "no-such-method": (405, "Not with this method"),
    "too-slow": (408, "The request did not arrive in time"),
    "not-possible": (409, "Not possible as things are"),
    "too-large": (413, "The request is too large"),
    "wrong-media-type": (415, "Not in a format that is understood"),
    "invalid": (422, "The request says what cannot be"),
    "too-many": (429, "Too many requests with this key"),
    "internal": (500, "The service failed"),
    "overloaded": (503, "More requests wait than can be answered"),
    "not-yet": (503, "What would answer is still being read"),
    "store-away": (503, "The store does not answer"),
    "timed-out": (504, "No answer was found in time"),
    "disk-full": (507, "The disk of the store is full"),
}


class Problem(Exception):
    """An error that becomes an answer. kind: of KINDS; retry_after: seconds, 0 to say nothing of it."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Mistake] = (),
        refused: Sequence[Refused] = (),
        retry_after: int = 0,
        allow: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = list(errors)
        self.refused = list(refused)
        self.headers = [
            (name, value.encode())
            for name, value in (
                (b"retry-after", str(retry_after) if retry_after else ""),
                (b"allow", allow),
                (b"www-authenticate", "Bearer" if kind == "no-key" else ""),
            )
            if value
        ]

    @property
    def status(self) -> int:
        return KINDS[self.kind][0]

    def details(self, instance: str, request_id: str) -> ProblemDetails:
        """The document that the caller gets."""
        return ProblemDetails(
            type=f"/docs#{self.kind}",
            title=KINDS[self.kind][1],
            status=self.status,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
            errors=self.errors,
            refused=self.refused,
        )


def problem_of(error: Exception) -> Problem:
    """What to tell the caller about an error; one that nobody foresaw is logged with its traceback, and not told."""
    match error:
        case Problem():
            return error
        case msgspec.ValidationError():
            return invalid(*mistake_of(error))
        case msgspec.DecodeError() | UnicodeError():
            return Problem("malformed", f"the body is not JSON: {error}")
        case RecursionError():
            return Problem("malformed", "the body is nested too deeply")
        case StoreFull():  # where the store is stands in the log, and is nothing for the shop's visitors
            log.warning("the disk of the store is full: %s", error)
            return Problem("disk-full", "nothing was stored; send it again when there is space", retry_after=30)
        case StoreUnavailable():
            return Problem("store-away", "nothing was stored or read; send it again in a moment", retry_after=1)
        case UnknownId():
            return Problem("not-found", str(error))
        case CannotDo():
            return Problem("not-possible", str(error))
        case RuleError():
            return invalid("rules", str(error))
        case BadRecord() | QuestionError() | SettingError():
            return invalid("", str(error))
        case Overloaded():
            return Problem("overloaded", str(error), retry_after=1)
        case NotYet():
            return Problem("not-yet", str(error), retry_after=5)
        case TimeoutError():
            return Problem("timed-out", "the service is too busy; ask again later", retry_after=1)
        case RegularsError():
            return Problem("not-possible", str(error))
    log.error("a request failed", exc_info=error)
    return Problem("internal", "the mistake is ours and is in the log under this request id")


def invalid(where: str, wanted: str) -> Problem:
    """One mistake in what was sent."""
    return Problem("invalid", f"{where}: {wanted}" if where else wanted, errors=[Mistake(where, wanted)])


def mistake_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where it is, and what was wanted there."""
    wanted, _, where = str(error).partition(" - at `")
    if "matching regex" in wanted:
        wanted = "a text without the character zero"
    for said, meant in _MEANT.items():
        wanted = wanted.replace(said, meant)
    if wanted.startswith("Expected"):
        wanted = _TYPE.sub(lambda found: " or ".join(_TYPES.get(one, one) for one in found[1].split(" | ")), wanted)
    return where.rstrip("`").removeprefix("$").removeprefix(".") or "body", wanted.replace("`", "")


_MEANT = {"Object contains unknown field": "there is no", "Object missing required field": "required:"}
_TYPE = re.compile(r"`([a-z| ]+)`")
_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
}
