"""Content: the texts and pictures that [content] names, as vectors beside the attributes of the items."""

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import polars as pl
from rich.markup import escape

from regulars.config import FILE, ContentTable, no_such
from regulars.core import Frame, Run
from regulars.core.errors import ConfigError, EncoderMismatch, MissingColumn, MissingExtra, SettingError
from regulars.data import Prepared
from regulars.features import ContentEncoder, Coverage, SentenceEncoder, encode_columns, joined, picture_encoder
from regulars.features.encoding import SUFFIX
from regulars.models.kinds.saving import Saved

from .console import tell
from .project import Project, within
from .tables import show

VECTORS = "vectors"  # the folder of the output folder in which they are kept


def with_content(project: Project, prepared: Prepared, run: Run) -> tuple[Prepared, tuple[Coverage, ...]]:
    """The dataset with a column NAME_vector for each [content.NAME]; only what is new or changed is encoded.

    Raises MissingColumn, ConfigError and MissingExtra; Interrupted keeps what was done.
    """
    if not project.config.content:
        return prepared, ()
    data = prepared.dataset
    items, coverages = encoded(project, data.item_features, run)
    return replace(prepared, dataset=replace(data, item_features=items)), coverages


def encoded(project: Project, items: Frame, run: Run) -> tuple[Frame, tuple[Coverage, ...]]:
    """A table of items with the columns of vectors of [content]."""
    cache = project.made(VECTORS)
    told: list[Coverage] = []
    for name, given in project.config.content.items():
        where = f"{FILE} [content.{name}]"
        column = f"{name}{SUFFIX}"
        if column in items.columns:
            raise ConfigError(f"{where}: the table of items has a column {column} already; give another NAME")
        contents = contents_of(project, items, name, given)
        with within(where):
            table, coverage = encode_columns(
                contents.to_frame(), {name: _encoder(project, given, run)}, cache=cache, run=run
            )
        items = items.with_columns(table[column])
        told += coverage
    return items, tuple(told)


def identities(project: Project, run: Run) -> dict[str, str]:
    """What the encoder of each column of vectors is called."""
    found = {}
    for name, given in project.config.content.items():
        with within(f"{FILE} [content.{name}]"):
            found[f"{name}{SUFFIX}"] = _encoder(project, given, run).identity
    return found


def check_encoders(project: Project, saved: Saved, run: Run, *, needed: bool = False) -> None:
    """Raises EncoderMismatch when [content] no longer makes the vectors that a model was fitted on.

    needed: whether vectors are to be made now; otherwise an encoder that is not at hand is no mistake.
    """
    if not saved.content:
        return
    try:
        known = identities(project, run)
    except (SettingError, ConfigError, MissingExtra):
        if needed:
            raise
        return
    for column, identity in saved.content.items():
        name = column.removesuffix(SUFFIX)
        if column not in known:
            raise EncoderMismatch(
                f"the model was fitted on the vectors {column}, and {FILE} has no [content.{name}] any more; put it "
                "back, or fit again with: regulars fit"
            )
        if known[column] != identity:
            raise EncoderMismatch(
                f"the model was fitted on {column} by the encoder ({identity}); [content.{name}] in {FILE} now means "
                f"({known[column]}). Name the former encoder again, or fit again with: regulars fit"
            )


def tell_content(coverages: Sequence[Coverage], ids: pl.Series) -> None:
    """How much of the catalog has vectors, and what could not be read. ids: of the items."""
    if not coverages:
        return
    rows = [
        {
            "content": one.column,
            "items": one.rows,
            "with a vector": one.told,
            "without content": one.missing,
            "cannot be read": one.unreadable,
            "newly encoded": one.computed,
        }
        for one in coverages
    ]
    show(pl.DataFrame(rows), "Texts and pictures", spare=("newly encoded",))
    for one in coverages:
        for example in one.examples:
            tell(f"[yellow]look at[/] {escape(f'{one.column} of {ids[example.row]}: {example.why}')}")


def content_json(coverages: Sequence[Coverage]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [asdict(one) for one in coverages]


def contents_of(project: Project, items: Frame, name: str, given: ContentTable) -> pl.Series:
    """The texts, or the pictures with their paths in full."""
    wanted = given.texts or (given.pictures,)
    if lost := [column for column in wanted if column not in items.columns]:
        what = "texts" if given.texts else "pictures"
        known = no_such("the table of items", lost[0], items.columns)
        raise MissingColumn(f"{FILE}: {what} of [content.{name}]: {known}")
    if given.texts:
        return joined(items, given.texts, name)
    column = items[given.pictures].alias(name)
    if column.dtype != pl.String:
        return column
    base = project.root / given.folder
    full = [str(base / path) if path and path.strip() else None for path in column.to_list()]
    return pl.Series(name, full, dtype=pl.String)


def _encoder(project: Project, given: ContentTable, run: Run) -> ContentEncoder:
    """What [content.NAME] asks for; a folder or a file is meant from the folder of regulars.toml."""
    here = project.root / given.encoder
    named = str(here) if given.encoder and here.exists() else given.encoder
    if given.texts:
        return SentenceEncoder(named, given.max_tokens, given.prefix, device=run.device, threads=run.threads)
    made = picture_encoder(named or "descriptor")
    where = {"device": run.device, "threads": run.threads}
    return replace(made, **{one.name: where[one.name] for one in fields(made) if one.name in where})  # type: ignore[type-var, arg-type]
