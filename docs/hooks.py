"""The reference of the documentation, made from the code whenever the site is built, so that it cannot grow stale.

mkdocs calls `on_config` and `on_files`; the tests call `pages`.
"""

import ast
import inspect
import io
import json
import re
import sys
import textwrap
import tokenize
from dataclasses import fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from docstrings import markdown

SRC = Path(__file__).parents[1] / "src" / "regulars"
FOLDERS = [
    "core", "data", "store", "features", "models", "retrieval", "ranking", "evaluation", "tuning", "marketing",
    "forecasting", "experiments", "monitoring", "privacy", "report", "serving", "scale", "console", "kernels",
]  # fmt: skip


def on_config(config, **_):
    """Give the written explanations of other authors and the generated pages their places in the navigation."""
    docs = Path(config["docs_dir"])
    for section in config["nav"]:
        ((title, entries),) = section.items()
        folder = title.lower()
        if isinstance(entries, list) and (docs / folder).is_dir():
            written = sorted(f"{folder}/{path.name}" for path in (docs / folder).glob("*.md"))
            entries += [page for page in written if page not in entries]
    reference = [{title: path} for path, (title, _) in pages().items()]
    config["nav"].insert(-1, {"Reference": reference})
    return config


def on_files(files, config, **_):
    """Add the generated pages to those that were found in the folder."""
    from mkdocs.structure.files import File

    for path, (_, text) in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages():
    """Path of each generated page, with its title and its markdown."""
    found = {
        "reference/commands.md": ("Command line", commands()),
        "reference/regulars-toml.md": ("regulars.toml", settings()),
        "reference/methods.md": ("Methods", methods()),
    }
    for folder in FOLDERS:
        modules = sorted(p for p in (SRC / folder).rglob("*.py") if p.stem != "__init__")
        if modules:
            found[f"reference/{folder}.md"] = (f"regulars.{folder}", api(folder, modules))
    return found


def api(folder, modules):
    """Every module of a folder with its docstrings."""
    about = ast.get_docstring(ast.parse((SRC / folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    parts = [f"# regulars.{folder}", about]
    for path in modules:
        name = ".".join(("regulars", *path.relative_to(SRC).with_suffix("").parts))
        parts += [f"## {name.removeprefix('regulars.')}", f"::: {name}"]
    return "\n\n".join(parts) + "\n"


def commands():
    """Every command with its options, defaults and example."""
    from regulars.cli.console import Exit

    parts = [
        "# Command line",
        "`regulars COMMAND --help` says the same in the terminal.",
        "## What the exit codes mean",
        table(("Code", "Meaning"), [(code.value, comments(Exit).get(code.name, code.name.lower())) for code in Exit]),
    ]
    for name, command in all_commands():
        options = [
            (
                "`" + ", ".join(p.opts + p.secondary_opts if p.param_type_name == "option" else [p.name.upper()]) + "`",
                one_line(getattr(p, "help", "") or ""),
                "required" if p.required else shown(p.default),
            )
            for p in command.params
            if p.name != "help"
        ]
        parts += [f"## regulars {name}", plain(inspect.cleandoc(command.help or ""))]
        if options:
            parts.append(table(("Argument or option", "What it does", "Default"), options))
        if command.epilog:
            parts.append("    " + command.epilog.removeprefix("Example: "))
    return "\n\n".join(parts) + "\n"


def all_commands():
    """Name and click command of each verb, in the order of the help."""
    import typer

    from regulars.cli import app

    def walk(group, prefix=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*prefix, name))
            else:
                yield " ".join((*prefix, name)), command

    return list(walk(typer.main.get_command(app)))


def settings():
    """Every table and every name that regulars.toml may hold."""
    from regulars.config import Config

    parts = [
        "# regulars.toml",
        "One file describes a shop: where its tables are, what counts as a mistake, how to test, what to try, what "
        "customers get. `regulars init PATH...` looks at the tables and writes a first one, with comments. Relative "
        "paths are meant from the folder of the file; an unknown name is an error.",
    ]
    for title, model in setting_tables(Config):
        rows = [
            (f"`{name}`", kind(field.annotation), shown_default(field), limits(field), said)
            for name, field in model.model_fields.items()
            if not is_part(field)
            for said in [described(model, name, field)]
        ]
        parts += [f"## {title}", plain(inspect.cleandoc(model.__doc__ or ""))]
        if rows:
            parts.append(table(("Name", "Kind", "Default", "Legal", "What it is"), rows))
    for title, cls in classes():
        parts += [f"## {title}", markdown(inspect.cleandoc(cls.__doc__ or "")), knobs(cls)]
    parts += ["## [methods.NAME]", "The settings of a method, see [Methods](methods.md). "]
    parts += ['With `method = "als"` it is a second ALS under a name of your own.']
    return "\n\n".join(parts) + "\n"


def classes():
    """The tables of the file that are the settings of a class: title and class."""
    from regulars.data import Checks
    from regulars.evaluation import SPLITS

    yield "[check]", Checks
    for name, splitter in SPLITS.items():
        yield f'[split] kind = "{name}"', splitter


def knobs(cls):
    """The settings of a class as a table: name, default, legal range, the comment behind it."""
    from regulars.core import ranges

    legal = ranges(cls)
    rows = [
        (f"`{f.name}`", shown(f.default), legal.get(f.name, ""), comments(cls).get(f.name, "")) for f in fields(cls)
    ]
    return table(("Setting", "Default", "Legal", "What it is"), rows) if rows else ""


def setting_tables(model, path=()):
    """Each table of the file with the class that reads it, the file itself first."""
    yield (f"[{'.'.join(path)}]" if path else "At the top of the file"), model
    for name, field in model.model_fields.items():
        if is_table(field.annotation):
            yield from setting_tables(field.annotation, (*path, name))
        inner = [part for part in getattr(field.annotation, "__args__", ()) if is_table(part)]
        if inner:
            many = ("NAME",) if getattr(field.annotation, "__origin__", None) is dict else ()
            yield from setting_tables(inner[0], (*path, name, *many))


def methods():
    """Every method of METHODS with its settings, their defaults and ranges."""
    from regulars.models import METHODS

    parts = [
        "# Methods",
        "The names are those of `[methods.NAME]` in regulars.toml and of `--method`. In Python: "
        "`from regulars import ALS; ALS(factors=64).fit(dataset)`.",
    ]
    for name, method in METHODS.items():
        about = markdown(inspect.cleandoc(method.__doc__ or ""))
        parts += [f"## {name}", f"`regulars.models.{method.__name__}`", about, knobs(method)]
    return "\n\n".join(parts) + "\n"


def comments(cls):
    """The comment behind each field of a class, by the name of the field."""
    source = textwrap.dedent(inspect.getsource(cls))
    found, name = {}, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begins = re.match(r" {4}(\w+)\s*[:=]", token.line)
        if token.type == tokenize.NAME and begins and token.start[1] == 4:
            name = token.string
        elif token.type == tokenize.COMMENT and name and "noqa" not in token.string and "type:" not in token.string:
            found[name] = " ".join(filter(None, (found.get(name), token.string.lstrip("# "))))
    return found


def described(model, name, field):
    """What a setting is: the comment behind it, or what the docstring of its class says after its name and a colon."""
    for cls in model.__mro__:
        if cls.__module__ == model.__module__ and (comment := comments(cls).get(name)):
            return comment
        if found := re.search(
            rf"\b{name}: (.+?)(?:\.\s|\.$|; \w+: |$)", inspect.cleandoc(cls.__doc__ or ""), re.DOTALL
        ):
            return one_line(found[1])
    return field.description or ""


def is_part(field):
    """Whether a field is a table of its own, or a list or a dictionary of such."""
    return any(map(is_table, (field.annotation, *getattr(field.annotation, "__args__", ()))))


def is_table(annotation):
    """Whether a field is a table of its own."""
    return inspect.isclass(annotation) and hasattr(annotation, "model_fields")


def kind(annotation):
    """A type as people read it."""
    if getattr(annotation, "__origin__", None) is not None and "Literal" in str(annotation.__origin__):
        return "one of " + ", ".join(f'`"{value}"`' for value in annotation.__args__)
    text = (
        annotation.__name__ if inspect.isclass(annotation) and not hasattr(annotation, "__args__") else str(annotation)
    )
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    if found := re.fullmatch(r"tuple\[(\w+), \.\.\.\]", text):
        return f"list of {words.get(found[1], found[1])}s"
    if "Any" in text:
        return "table"
    if found := re.fullmatch(r"dict\[str, (.+)\]", text):
        return f"table of {words.get(found[1], found[1])}s"
    return words.get(text, text.replace("typing.", ""))


def shown_default(field):
    """The default of a field of regulars.toml."""
    return "required" if field.is_required() else shown(field.get_default(call_default_factory=True))


def shown(value):
    """A default as it is typed."""
    if value is None or value in ("", (), {}) or callable(value):
        return ""
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def limits(field):
    """The legal range of a number."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return ", ".join(
        f"{sign} {getattr(m, name)}" for m in field.metadata for name, sign in signs.items() if hasattr(m, name)
    )


def table(heads, rows):
    """A markdown table, without the columns that are empty."""
    kept = [i for i in range(len(heads)) if any(str(row[i]) for row in rows)]
    heads, rows = [heads[i] for i in kept], [[row[i] for i in kept] for row in rows]
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def plain(text):
    """A help text without the marks for the terminal; [table] names of regulars.toml stay."""
    return re.sub(r"\[/?(?:bold|red|green|yellow|dim|cyan)[^\]]*\]", "", text).replace("\f", "").replace("\b", "")


def one_line(text):
    """A text without line ends."""
    return " ".join(plain(text).split())
