"""teach: a network learns the shop's own attributes from its pictures, and becomes an encoder of [content]."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from regulars.config import FILE
from regulars.core import Frame
from regulars.core.errors import ConfigError
from regulars.features import kind_of
from regulars.features.attribute_encoder import AttributeEncoder
from regulars.features.kinds import echoes
from regulars.models.picture_attributes import PictureAttributes

from .app import HERE, AsJson, ConfigPath, Device, Quiet, Seed, Threads, verb
from .bars import watched
from .console import emit, tell
from .content import contents_of
from .project import Project
from .tables import show

TAUGHT = "taught"  # the folder of the output folder in which encoders are kept
MOST = 500  # values of an attribute: what has more is a name or a code


@verb("regulars teach --attribute category --attribute color")
def teach(
    config: ConfigPath = HERE,
    content: Annotated[
        str, typer.Option(help="Of which table content.NAME with pictures; default: the first in regulars.toml.")
    ] = "",
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="A column of the items that pictures show; may be repeated. Default: all categories."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=200, help="How often each picture is looked at.")] = 8,
    beside: Annotated[
        str, typer.Option(help="The encoder whose vectors are read beside the pictures: descriptor, or a folder.")
    ] = "descriptor",
    seed: Seed = None,
    threads: Threads = None,
    device: Device = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Teach a network to tell the shop's attributes from its pictures; what it has learned encodes pictures.

    Tells how often it is right about pictures that it did not learn from, and what to write into regulars.toml.
    """
    project = Project.open(config)
    name = content or _first(project)
    given = project.config.content.get(name)
    if given is None or not given.pictures:
        raise ConfigError(
            f"{FILE} has no [content.{name}] with pictures; those that have are {_with_pictures(project)}"
        )
    with watched(quiet=quiet or as_json, **project.how(seed, threads, device)) as run:
        data = project.prepared(run).dataset
        pictures = contents_of(project, data.item_features, name, given).to_list()
        for one in attribute or ():
            project.column_of_items(data, one, "--attribute")
        table = data.item_features.select(attribute or categories(data.item_features, given.pictures))
        encoder = PictureAttributes(epochs=epochs, beside=beside).fit(pictures, table, run)
    folder = project.made(TAUGHT) / name
    encoder.save(folder)
    _say(project, encoder, folder, name, as_json=as_json)


def categories(items: Frame, pictures: str) -> list[str]:
    """The columns of one value that few enough items share to be seen in pictures. Raises ConfigError if none is."""
    found = [
        name
        for name in items.columns
        if name != pictures and kind_of(items[name]) == "category" and 2 <= items[name].drop_nulls().n_unique() <= MOST
    ]
    if not found:
        raise ConfigError(f"the items have no column of categories to be told from pictures; they have {items.columns}")
    repeated = echoes(items, found)
    return [name for name in found if name not in repeated]


def _with_pictures(project: Project) -> list[str]:
    return [name for name, given in project.config.content.items() if given.pictures]


def _first(project: Project) -> str:
    if not (named := _with_pictures(project)):
        raise ConfigError(
            f'no pictures to learn from: {FILE} needs [content.NAME] pictures = "COLUMN", with their paths'
        )
    return named[0]


def _say(project: Project, encoder: AttributeEncoder, folder: Path, name: str, *, as_json: bool) -> None:
    rows = [
        {
            "attribute": one.name,
            "values": len(one.values),
            "right": one.accuracy,
            "by the commonest value": one.majority,
        }
        for one in encoder.attributes
    ]
    shown = folder.relative_to(project.root) if folder.is_relative_to(project.root) else folder
    if as_json:
        emit({"folder": str(folder), "encoder": str(shown), "width": encoder.width, "attributes": rows})
        return
    show(pl.DataFrame(rows, infer_schema_length=None), "Told from pictures that it did not learn from")
    tell(escape(f'the encoder is in {folder}; take it with: [content.{name}] encoder = "{shown}"'))
