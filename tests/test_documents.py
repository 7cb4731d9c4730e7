"""The documents say what the code does: every command, option, setting, import and example in them is tried."""

import importlib
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from regulars.config import Config
from regulars.core import from_names, ranges
from regulars.data import Checks
from regulars.evaluation import SPLITS
from regulars.models import METHODS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}


@pytest.fixture(scope="module")
def hooks():
    """docs/hooks.py, which makes the reference."""
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language):
    """Every fenced block of a language with the page that it stands on."""
    return [
        pytest.param(block, id=f"{page}:{text[: text.index(block)].count(chr(10)) + 1}")
        for page, text in WRITTEN.items()
        for block in re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    ]


def calls():
    """Every `regulars VERB ...` that stands in a page as code, as a list of words."""
    for page, text in WRITTEN.items():
        for line in re.findall(r"(?:^\s*(?:\$ )?|`)regulars ([a-z][^`\n]*)", text, flags=re.MULTILINE):
            words = shlex.split(re.sub(r"\s#.*", "", line).split(" > ")[0])
            yield page, words


def test_every_command_has_help_and_an_example_and_a_written_page(hooks):
    commands = dict(hooks.all_commands())
    written = {words[0] for page, words in calls() if page.startswith(("docs/tutorial", "docs/how-to"))}
    assert commands
    assert set(commands) <= written
    for name, command in commands.items():
        assert command.help, name
        assert re.match(rf"Example: regulars {name}\b", command.epilog or ""), name
        assert all(getattr(param, "help", "") for param in command.params), name


def test_every_command_in_the_documents_exists_with_its_options(hooks):
    commands = dict(hooks.all_commands())
    for page, (verb, *rest) in calls():
        if verb.isupper() or verb == "COMMAND":
            continue
        assert verb in commands, f"{page}: regulars {verb}"
        known = {option for param in commands[verb].params for option in (*param.opts, *param.secondary_opts)}
        used = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert used <= known | {"--help"}, f"{page}: regulars {verb} {' '.join(rest)}"


def test_the_reference_has_every_command_setting_and_method(hooks):
    pages = {path: text for path, (_, text) in hooks.pages().items()}
    for name, command in hooks.all_commands():
        assert f"## regulars {name}\n" in pages["reference/commands.md"]
        options = [option for param in command.params for option in param.opts]
        assert all(option in pages["reference/commands.md"] for option in options if option.startswith("-"))
    for title, table in hooks.setting_tables(Config):
        section = pages["reference/regulars-toml.md"].split(f"## {title}\n")[1].split("\n## ")[0]
        for name, field in table.model_fields.items():
            assert f"`{name}`" in section or hooks.is_part(field)
    for title, cls in hooks.classes():
        section = pages["reference/regulars-toml.md"].split(f"## {title}\n")[1].split("\n## ")[0]
        assert all(f"`{setting}`" in section for setting in ranges(cls))
    for name, method in METHODS.items():
        section = pages["reference/methods.md"].split(f"## {name}\n")[1].split("\n## ")[0]
        assert all(f"`{setting}`" in section for setting in ranges(method))


def test_every_setting_of_the_file_says_what_it_is(hooks):
    silent = [
        f"{title} {name}"
        for title, table in hooks.setting_tables(Config)
        for name, field in table.model_fields.items()
        if not hooks.is_part(field) and not hooks.described(table, name, field)
    ]
    assert not silent


def test_every_method_is_under_the_contract_and_documented():
    from contracts.subjects import METHOD_SUBJECTS

    assert set(METHOD_SUBJECTS) == set(METHODS)
    for name, method in METHODS.items():
        assert method.__doc__, name
        assert method.__doc__.strip().splitlines()[0].endswith((".", ":")), name
        assert all(re.search(rf"\b{setting}\b", said(method)) for setting in ranges(method)), name


def said(method):
    """What the docstring of a method, and of those whose settings it shares, and the comments behind settings say."""
    import inspect

    shared = [one.__doc__ or "" for one in method.__mro__ if one.__module__.startswith("regulars.models")]
    return " ".join(shared) + " ".join(re.findall(r"(\w+): .*#", inspect.getsource(method)))


@pytest.mark.parametrize("block", blocks("toml"))
def test_settings_in_the_documents_are_legal(block):
    given = tomllib.loads(block)
    config = Config.model_validate({"events": {"paths": ["events.csv"]}, **given})
    from_names(Checks, config.check)
    split = dict(config.split)
    from_names(SPLITS[split.pop("kind", "time")], split)
    for name, values in config.methods.items():
        values = dict(values)
        from_names(METHODS[values.pop("method", name)], values)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_in_the_documents_compiles_and_imports_what_exists(block):
    compile(block.replace('--8<-- "', '# "'), "document", "exec")
    for module, names in re.findall(r"^from (regulars[\w.]*) import ([\w, ]+)", block, flags=re.MULTILINE):
        for name in names.split(","):
            assert hasattr(importlib.import_module(module), name.strip()), f"{module}.{name.strip()}"
