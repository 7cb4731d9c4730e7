"""The settings that a search found, as regulars.toml writes them: in a file of their own, and in regulars.toml."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regulars.core import ranges
from regulars.core.errors import CannotWrite
from regulars.tuning import Study
from regulars.tuning.study import toml

from .project import Project
from .template import quoted
from .whole import written

_HEADER = re.compile(r"\s*\[+\s*(?P<name>[^\]]+?)\s*\]+\s*(#.*)?$")
_KEY = re.compile(r"\s*(?P<name>[\w-]+|\"[^\"]+\")\s*=")

Tables = Mapping[str, Mapping[str, Any]]


def found(project: Project, study: Study) -> dict[str, dict[str, Any]]:
    """The tables [methods.NAME] with the best settings: what differs from the defaults, and what cannot be searched."""
    tables = {}
    for name in study.names():
        searched = ranges(type(study.spaces[name].method))
        kept = {key: value for key, value in project.settings(name).items() if key not in searched}
        tables[name] = {**kept, **study.changed(name)}
    return tables


def text(study: Study, tables: Tables) -> str:
    """The tables as a page of TOML, with what they are worth."""
    parts = [
        "# The best settings that `regulars tune` found, chosen on the validation period.",
        f"# {study.asked}.",
        "# `regulars compare --all` takes them from here; `regulars tune --write` puts them into regulars.toml.",
    ]
    for name, values in tables.items():
        before, best = study.first(name), study.best(name)
        begun = f", {before.value:.4f} at first" if before.done else ""
        parts += ["", f"# {study.figure} {best.value:.4f}{begun}; {len(study.of(name))} trials", *_lines(name, values)]
    return "\n".join(parts) + "\n"


def _lines(name: str, values: Mapping[str, Any]) -> list[str]:
    key = name if re.fullmatch(r"[\w-]+", name) else quoted(name)
    return [f"[methods.{key}]", *(f"{setting} = {_value(value)}" for setting, value in values.items())]


def _value(value: Any) -> str:
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list | tuple) else toml(value)


def write_into(path: Path, tables: Tables) -> None:
    """Puts the tables into a regulars.toml, in the place of those of the same name; every other line stays.

    Raises CannotWrite, and changes nothing, when the file says them in a way that cannot be replaced line by line.
    """
    before = path.read_text(encoding="utf-8-sig")
    after = "\n".join(_replaced(before.splitlines(), tables)) + "\n"
    wanted = tomllib.loads(before)
    wanted["methods"] = {**wanted.get("methods", {}), **{name: dict(values) for name, values in tables.items()}}
    try:
        fits = tomllib.loads(after) == wanted
    except tomllib.TOMLDecodeError:
        fits = False
    if not fits:
        raise CannotWrite(
            f"{path} names its methods in another way than by one table [methods.NAME] for each; "
            f"write the settings of {', '.join(tables)} there yourself"
        )
    written(path, lambda scratch: scratch.write_text(after, encoding="utf-8"))


def _replaced(lines: list[str], tables: Tables) -> list[str]:
    """The lines with the settings of each table replaced; tables that are new come at the end."""
    left, inside = dict(tables), ""
    result: list[str] = []
    for line in lines:
        if header := _HEADER.match(line):
            inside = _method(header["name"])
            result.append(line)
            if inside in left:
                result += _lines(inside, left.pop(inside))[1:]
        elif not (inside in tables and _KEY.match(line)):
            result.append(line)
    for name, values in left.items():
        result += ["", *_lines(name, values)] if result and result[-1].strip() else _lines(name, values)
    return result


def _method(header: str) -> str:
    """The name of the method whose table a header begins; empty for another table."""
    found = re.fullmatch(r"methods\s*\.\s*(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[\w-]+))", header)
    return (found["quoted"] or found["plain"]) if found else ""
