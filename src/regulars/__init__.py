"""Regulars: recommendations and campaigns for 100 % of a shop's catalog and customers.

The public names stand in `__init__.pyi`. Each is fetched from its folder when it is first used, so that
`import regulars` takes no time.
"""

import ast
from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_PLACES = {
    name.name: line.module
    for line in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(line, ast.ImportFrom)
    for name in line.names
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'regulars' has no attribute {name!r}; it has {', '.join(_PLACES)}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
