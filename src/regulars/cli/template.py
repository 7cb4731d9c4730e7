"""The commented regulars.toml that `init` writes from what it found."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from regulars.core.errors import MissingColumn
from regulars.data.findings import Findings, Found

_NAMES = ("title", "name", "item_name", "product_name", "prod_name", "description", "product_title", "label")
_GROUPS = ("category", "product_category", "product_type", "product_group_name", "department", "genre", "genres")
_STORIES = ("detail_desc", "long_description", "details", "summary", "story", "abstract", "text")
_PICTURES = ("image", "image_path", "picture", "photo", "img", "image_file")
_METHODS = ("popularity", "trending", "personal", "item_knn", "ease", "als")


def written(findings: Findings, home: Path) -> str:
    """The file as text; paths are told from the folder `home`. Raises MissingColumn when no table is an event log."""
    if not findings.events:
        seen = "; ".join(f"{table.paths[0]}: {', '.join(table.names)}" for table in findings.tables)
        raise MissingColumn(
            f"no table here is a log of events: one needs a column for the customer and one for the item ({seen}). "
            "Say which they are: --map user=COLUMN --map item=COLUMN"
        )
    parts = [
        _head(home),
        *(_table(table, "events", home, several=len(findings.events) > 1) for table in findings.events),
        _kinds(findings.events),
        _named_by(findings),
        *(_described(table, home) for table in (findings.items, findings.customers) if table is not None),
        _content(findings.items),
        _rest(findings),
    ]
    return "\n".join(part for part in parts if part)


def _head(home: Path) -> str:
    return (
        "# What Regulars knows of this shop. Written by `regulars init`; every guess is marked, mend what is wrong.\n"
        f"name = {quoted(home.absolute().name or 'My shop')}\n"
        'output = "regulars-out"   # the checked dataset, the model, the recommendations and the report go here\n'
    )


def _table(table: Found, section: str, home: Path, *, several: bool = False) -> str:
    rows = f"{'about ' if table.estimated else ''}{table.rows:,} rows"
    lines = [
        f"# {table.note}, {rows}; columns: {', '.join(table.names)}",
        *(f"# {note}" for note in table.notes),
        f"[[{section}]]" if several else f"[{section}]",
        f"paths = {_list(_seen_from(home, path) for path in table.paths)}",
        f"columns = {_inline(table.columns)}   # guessed: our name = the column's name",
    ]
    return "\n".join(lines) + "\n"


def _seen_from(home: Path, path: str) -> str:
    """Relative where the file lies below the folder of the configuration, else in full."""
    relative = os.path.relpath(path, home)
    return str(Path(path).absolute()) if relative.startswith("..") else relative


def _described(table: Found, home: Path) -> str:
    text = _table(table, table.what, home)
    if table.what == "items":
        names, groups = _those(table, _NAMES)[:1], _those(table, _GROUPS)[:1]
        text += f"name = {_list(names)}   # the columns that make up what people call an item\n"
        text += f"category = {quoted(groups[0] if groups else '')}   # the column that groups the catalog\n"
    return text


def _content(items: Found | None) -> str:
    """How the texts of the items would be read by a sentence model, and pictures."""
    if items is None:
        return ""
    texts = _those(items, (*_NAMES[:6], *_STORIES))
    pictures = _those(items, _PICTURES)[:1]
    lines = [
        "# Texts and pictures as vectors, for content_to_cf and two_tower, with: pip install 'regulars[text,image]'"
    ]
    if texts:
        lines += ["# [content.story]", f"# texts = {_list(texts)}   # read together by a sentence model"]
    if pictures:
        lines += ["# [content.photo]", f"# pictures = {quoted(pictures[0])}   # paths", '# folder = "pictures"']
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def _named_by(findings: Findings) -> str:
    """Without a table of items, the column of the events that tells what an item is called."""
    names = [name for table in findings.events for name in _those(table, _NAMES)][:1]
    if findings.items is not None or not names:
        return ""
    return f"# No table of items was found; the events say what they are called.\n[items]\nname = {_list(names)}\n"


def _kinds(events: Iterable[Found]) -> str:
    found = {word: weight for table in events for word, weight in table.kinds.items()}
    lines = ["# Weight of each kind of event; a negative weight takes back what was done before.", "[kinds]"]
    lines += [f"{quoted(word)} = {weight:g}" for word, weight in found.items()] or ["# purchase = 1.0"]
    return "\n".join(lines) + "\n"


def _rest(findings: Findings) -> str:
    """Check, protocol, answers and methods, with the defaults spelled out."""
    timed = any("time" in table.columns for table in findings.events)
    return f"""\
[time]
zone = "UTC"   # of times that do not name their zone

[check]
session_gap_minutes = 30.0
outliers = "report"        # or "quarantine": customers far beyond the rest
min_user_events = 0        # k-core: leave out customers and items with fewer events
min_item_events = 0

# The protocol: the last days are the test, the days before them the validation.
[split]
{'kind = "time"' if timed else 'kind = "strong"   # the events have no times'}
{"days = 28.0" if timed else "random = true"}

[recommend]
k = 10
exclude_seen = false       # true: never what the customer already has
fallback = ["popularity"]  # who answers where the chosen method cannot

# The methods to compare, each with its settings; an empty table takes the defaults.
{_methods(timed)}
# A blend fuses the lists of several methods by rank, or learns from the newest part of the log whom to trust.
[blends.personal_and_als]
of = ["personal", "als"]
# learner = "linear"   # or "trees", with: pip install 'regulars[rank]'

# A pipeline ranks what several methods propose; it reads prices, categories and attributes too.
# [pipelines.ranked]
# sources = ["personal", "als", "popularity"]
# ranker = "trees"       # with: pip install 'regulars[rank]'; or "dcn", with 'regulars[deep]'; or "additive"

# What `regulars buy-again` and `regulars forecast` foretell; all settings: docs/how-to/buy-again.md and forecast.md
# [repurchase]
# horizon_weeks = 2
# [forecast]
# horizon = 4
# step = "week"    # or "day"

# How `regulars tune` searches the settings of the methods above; what is not narrowed is searched over its whole range.
[tune]
trials = 0        # of all methods together; 0: 15 for each, or as many as the minutes allow
minutes = 0.0     # 0: no limit; Ctrl-C keeps what was done, too
# [tune.ranges.als]
# factors = [32, 256]        # from, to
# rule = ["count", "log"]    # one of these
# passes = 8                 # not searched
"""


def _methods(timed: bool) -> str:
    names = _METHODS if timed else [name for name in _METHODS if name != "trending"]
    return "".join(f"[methods.{name}]\n" for name in names)


def _those(table: Found, wanted: Iterable[str]) -> list[str]:
    plain = {name.lower().replace(" ", "_"): name for name in table.names}
    return [plain[name] for name in wanted if name in plain]


def _inline(values: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {quoted(value)}" for name, value in values.items()) + " }"


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(quoted(value) for value in values) + "]"


def quoted(text: str) -> str:
    """`text` as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'
