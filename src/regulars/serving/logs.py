"""Logs: one JSON object on each line, with the id of the request that it is about."""

import logging
import time
from typing import Any

import msgspec

ACCESS = logging.getLogger("regulars.access")
_encode = msgspec.json.Encoder().encode


class JsonLines(logging.Formatter):
    """time, level, logger, message; of requests the fields of `extra={"facts": {...}}`; of errors the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return _encode(line).decode()
        except (TypeError, ValueError):  # what a shop sent may hold half a letter
            return ascii(line)


def access(method: str, raw_path: bytes, status: int, seconds: float, request_id: str, *, key: str) -> None:
    """One line for a request that was answered."""
    if ACCESS.isEnabledFor(logging.INFO):
        facts = {
            "method": method,
            "path": raw_path.decode("ascii", "backslashreplace"),
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "request_id": request_id,
            "key": key,
        }
        ACCESS.info("request", extra={"facts": facts})


def configured(level: int, *, requests: bool = True) -> None:
    """Sends every log line of the process to the error stream as JSON; requests: the access log, too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    ACCESS.setLevel(logging.INFO if requests else logging.WARNING)
    ACCESS.propagate = True


def stamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
