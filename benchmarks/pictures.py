"""Pictures: the descriptor's speed, and what can be told of an article's attributes from its picture alone, at H&M.

A tenth of the products, all their colors together, is withheld; the attributes of the others' pictures are learned, and
asked about the withheld ones once. Settings were looked at on a tenth of the rest (`PictureAttributes.validation`).
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.core import Floats, Run
from regulars.features import picture_encoder
from regulars.features.attribute_encoder import AttributeEncoder
from regulars.models.picture_attributes import PictureAttributes

ATTRIBUTES: Final = (
    "product_type_name",
    "colour_group_name",
    "graphical_appearance_name",
    "perceived_colour_value_name",
    "perceived_colour_master_name",
    "garment_group_name",
    "index_group_name",
    "section_name",
)
RIDGE: Final = 0.03  # of .03, .3 and 3 the best about a tenth of the taught pictures


def run() -> Iterator[Figure]:
    """The most frequent value, a linear classifier on the descriptor, heads on the descriptor, the network."""
    taught, asked = shop()
    told, seconds, cpu = timed(partial(picture_encoder().encode, taught["picture"].to_list()))
    speed = {"pictures/s of CPU": len(taught) / cpu}
    yield Figure("encode", "hm", "descriptor", seconds, cpu, quality=speed, further=circumstances())
    yield _figure("most frequent value", asked, {name: taught[name].mode().sort()[0] for name in ATTRIBUTES})
    there = picture_encoder().encode(asked["picture"].to_list())
    yield _figure("linear on the descriptor", asked, linear(told, taught, there))
    heads = PictureAttributes(channels=0, side=16, batch=128, epochs=6)
    for peer, method in {"heads on the descriptor": heads, OURS: PictureAttributes()}.items():
        encoder, seconds, cpu = timed(partial(_fitted, method, taught))
        guessed = encoder.guess(asked["picture"].to_list())
        noted = {"settings": repr(method), "withheld": [attribute.accuracy for attribute in encoder.attributes]}
        yield _figure(peer, asked, {name: guessed[name] for name in ATTRIBUTES}, seconds, cpu, **noted)


def shop() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pictures and attributes of the articles that have one: those to learn from, and those to be asked about."""
    pictures = pl.read_parquet(folder() / "hm" / "images_96x144.parquet").rename({"jpeg_96x144": "picture"})
    articles = pl.read_parquet(folder() / "hm" / "articles.parquet")
    table = pictures.join(articles, on="article_id", how="inner", maintain_order="left")
    mixed = table["product_code"].to_numpy() * 2_654_435_761 % 2**32  # Knuth's multiplicative hash
    withheld = pl.Series(mixed % 10 == 0)
    return table.filter(~withheld), table.filter(withheld)


def linear(told: Floats, taught: pl.DataFrame, asked: Floats, ridge: float = RIDGE) -> Mapping[str, pl.Series]:
    """Least squares on the classes of each attribute, as the most likely class of each picture that is asked about."""
    middle = told.mean(axis=0)
    centered = told - middle
    gram = centered.T @ centered + ridge * np.eye(told.shape[1], dtype=np.float32)
    found = {}
    for name in ATTRIBUTES:
        values = taught[name].unique().sort()
        classes = (taught[name].to_numpy()[:, np.newaxis] == values.to_numpy()).astype(np.float32)
        weights = np.linalg.solve(gram, centered.T @ (classes - classes.mean(axis=0)))
        found[name] = values.gather(((asked - middle) @ weights + classes.mean(axis=0)).argmax(axis=1))
    return found


def _fitted(method: PictureAttributes, taught: pl.DataFrame) -> AttributeEncoder:
    return method.fit(taught["picture"].to_list(), taught.select(ATTRIBUTES), Run(threads=threads()))


def _figure(
    peer: str,
    asked: pl.DataFrame,
    guessed: Mapping[str, object],
    seconds: float | None = None,
    cpu: float | None = None,
    **noted: object,
) -> Figure:
    right = {name: float((asked[name] == guessed[name]).mean() or 0) for name in ATTRIBUTES}
    further = {**circumstances(), "asked": len(asked), **noted}
    return Figure("attributes of pictures", "hm", peer, seconds, cpu, quality=right, further=further)
