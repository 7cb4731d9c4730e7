"""The house as a whole: contracts of imports, sizes of modules, and documents that say what the code does."""

import ast
import graphlib
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "regulars"
MODULES = sorted(SRC.rglob("*.py"))
FOLDERS = sorted(path.name for path in SRC.iterdir() if (path / "__init__.py").exists())
# Everything that is ours to read, without what tools leave behind.
TRACKED = sorted(
    path
    for top in ("src", "tests", "docs", "examples", "benchmarks", "scripts", ".ci", ".")
    for path in ((ROOT / top).glob("*") if top == "." else (ROOT / top).rglob("*"))
    if path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".yml", ""} and "venv" not in path.parts
)


def run_python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imports(path, *, only_for_types=True):
    """Every `from X import name` of a file, with X made absolute; names alone for `import X`."""
    package = ["regulars", *path.relative_to(SRC).parts[:-1]]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    asides = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    left_out = set() if only_for_types else {inner for aside in asides for inner in ast.walk(aside)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, node.module] if node.module else above)
            yield from ((module, alias.name) for alias in node.names)


def test_the_import_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_importing_regulars_loads_nothing_heavy():
    loaded = set(run_python("import sys, regulars; print(*sys.modules)").split())
    assert "regulars" in loaded
    heavy = {"torch", "numba", "scipy", "polars", "pandas", "pydantic", "altair", "starlette", "rich", "typer"}
    assert not loaded & heavy


def test_the_words_of_the_core_load_neither_numba_nor_scipy_nor_a_web_library():
    loaded = set(run_python("import sys, regulars; regulars.Dataset; print(*sys.modules)").split())
    assert not loaded & {"torch", "numba", "scipy", "pandas", "altair", "starlette", "pydantic"}


def test_every_public_name_leads_to_what_it_names():
    import regulars

    for name in regulars.__all__:
        assert getattr(regulars, name) is getattr(importlib.import_module(regulars._PLACES[name]), name)
    assert set(regulars.__all__) <= set(dir(regulars))
    assert {method.__name__ for method in regulars.METHODS.values()} <= set(regulars.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Dataste'"):
        _ = regulars.Dataste


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_name_in_all_exists(folder):
    module = importlib.import_module(f"regulars.{folder}")
    assert all(hasattr(module, name) for name in getattr(module, "__all__", ()))
    assert module.__doc__, "a folder says in one sentence what it is for"


def test_a_module_holds_one_idea_and_at_most_500_lines():
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {name: n for name, n in lines.items() if n > 500}


def test_no_modules_import_each_other_in_a_circle():
    names = {".".join(path.relative_to(SRC.parent).with_suffix("").parts): path for path in MODULES}
    modules = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {
        own: {
            target
            for module, name in imports(path, only_for_types=False)
            if (target := f"{module}.{name}" if f"{module}.{name}" in modules else module) in modules and target != own
        }
        for own, path in modules.items()
    }
    assert "regulars.core" in graph["regulars.data.prepare"]
    graphlib.TopologicalSorter(graph).prepare()  # a CycleError names the circle


def test_nobody_imports_the_underscore_of_another_folder():
    found = []
    for path in MODULES:
        own = ".".join(["regulars", *path.relative_to(SRC).parts[:1]])
        for module, name in imports(path):
            private = any(re.match(r"_(?!_)", part) for part in (*module.split("."), name))
            if private and module.startswith("regulars") and not module.startswith(own):
                found.append(f"{name_of(path)}: {module}.{name}")
    assert not found


def test_names_are_words_of_the_field():
    found = [name_of(path) for path in MODULES if path.stem in {"utils", "helpers", "misc", "common", "base"}]
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        found += [name for name in classes if re.search(r"(Manager|Helper|Utils?|Base|Impl)$|^Base(?![a-z])", name)]
    assert not found


def test_no_file_names_a_place_of_the_machine_it_was_written_on():
    this_machine = re.compile(r"(?<![\w.~:/-])/(?:work|root|home|Users|opt|mnt)/[\w.-]+")
    found = {
        name_of(path): this_machine.findall(path.read_text(encoding="utf-8", errors="ignore"))
        for path in TRACKED
        if path.name != Path(__file__).name
    }
    assert not {name: places for name, places in found.items() if places}


def test_nothing_is_put_off_to_later():
    kept_free = re.compile(r"\b(TODO|FIXME|XXX|TBD)\b")
    others = [path for path in TRACKED if path.name != Path(__file__).name]
    assert not [name_of(path) for path in others if kept_free.search(path.read_text("utf-8", errors="ignore"))]


def test_the_map_of_the_house_fits_two_screens_and_names_every_folder():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert not [folder for folder in FOLDERS if f"{folder}/" not in text]


def test_every_folder_named_on_the_map_is_there():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    layout = text.split("```")[1]
    named = re.findall(r"^  (\w+)/", layout, flags=re.MULTILINE)
    assert sorted(named) == FOLDERS


def test_every_layer_of_the_contract_is_in_the_order_of_the_map():
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = re.findall(r"\w+", " ".join(reversed(contracts["contracts"][0]["layers"])))
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"^  (\w+)/", text.split("```")[1], flags=re.MULTILINE)
    assert named == [layer for layer in layers if layer in named]


def test_links_between_documents_lead_somewhere():
    pages = [path for path in TRACKED if path.suffix == ".md"]
    lost = [
        f"{name_of(page)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists() and "reference/" not in target  # made when the site is built
    ]
    assert not lost


def test_tests_mirror_the_source():
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/test_*.py"))}
    assert folders - {"contracts", "benchmarks"} <= set(FOLDERS)
