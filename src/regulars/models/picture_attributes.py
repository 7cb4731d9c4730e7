"""PictureAttributes: a network learns the shop's own attributes from its pictures, and then encodes pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

from regulars.core import QUIET, Frame, Ints, Longs, Run, setting
from regulars.core.errors import BadTable, EmptyData, SettingError, UnreadableFile
from regulars.features import Inputs
from regulars.features.attribute_encoder import Attribute, AttributeEncoder, NetworkShape, Seen, seen
from regulars.features.encoders import Content
from regulars.features.picture_encoders import DESCRIPTOR, picture_encoder
from regulars.features.pictures import open_picture

from .trained import Trained

LOOKED_AT: Final = 200  # pictures whose shape decides the shape of the field


@final
@dataclass(frozen=True)
class PictureAttributes(Trained):
    """Category, color, pattern, whatever the shop writes of its items, learned from the picture alone.

    What it has learned to tell of the attributes, one embedding for each, is then the vector of an item, as in the
    article on the long tail; and a missing attribute can be guessed.

    side: of a square of as many pixels as pictures are scaled to, in the shape that most have; channels: of the first
    layer of convolutions, 0: none; embedding: width for each attribute; hidden: of what all share; dropout: of it;
    smoothing: of the labels; min_count: pictures that a value needs to be learned. beside: the encoder whose vectors
    are read beside the pictures (as `picture_encoder` names it; "" for none): color, texture and shape, or a pretrained
    model, which the network then need not find out from the shop's few pictures.
    patience and validation speak of withheld pictures and of the mean accuracy about their attributes.
    """

    epochs: int = setting(8, low=1, high=200, log=True)
    batch: int = setting(64, low=8, high=4096, log=True)
    rate: float = setting(3e-3, low=1e-5, high=0.1, log=True)
    weight_decay: float = setting(0.05, low=0.0, high=1.0)
    patience: int = setting(4, low=0, high=200)
    side: int = setting(64, low=16, high=512, log=True)
    channels: int = setting(24, low=0, high=256)
    embedding: int = setting(32, low=4, high=512, log=True)
    hidden: int = setting(256, low=16, high=4096, log=True)
    dropout: float = setting(0.2, low=0.0, high=0.9)
    smoothing: float = setting(0.1, low=0.0, high=0.5)
    min_count: int = setting(10, low=1, high=10_000, log=True)
    beside: str = DESCRIPTOR

    def fit(self, pictures: Sequence[Content], attributes: Frame, run: Run = QUIET) -> AttributeEncoder:
        """Learns from pictures and the rows of a table that belong to them: each column is an attribute to be told.

        A picture that cannot be read is left out; a missing or rare value teaches nothing. In memory are all pictures,
        3 * side^2 bytes each. Raises BadTable, EmptyData, SettingError, TrainingError.
        """
        from .networks.picture_task import PictureTask, taught

        if attributes.height != len(pictures):
            raise BadTable(
                f"each picture needs a row of attributes: {len(pictures)} pictures, {attributes.height} rows"
            )
        if not self.channels and not self.beside:
            raise SettingError("with channels = 0 the network needs vectors to read: name an encoder as beside")
        other = picture_encoder(self.beside) if self.beside else None
        height, width = _field(pictures, self.side)
        read = seen(pictures, (width, height), other)
        columns, codes = self._labels(attributes[read.rows])
        classes = tuple(len(values) for _, values in columns)
        beside = other.width if other else 0
        shape = NetworkShape(height, width, classes, self.channels, self.embedding, self.hidden, beside)
        withheld = _withheld(read, self.validation, run)
        task = PictureTask(read, codes, shape, self, withheld, run)
        weights = taught(task, self, run)
        right, most = task.judged()
        told = zip(columns, right, most, strict=True)
        known = tuple(Attribute(name, values, accuracy, majority) for (name, values), accuracy, majority in told)
        local = self.beside != DESCRIPTOR and Path(self.beside).exists()
        named = str(Path(self.beside).resolve()) if local else self.beside
        return AttributeEncoder(shape, known, weights, other, named if other else "")

    def _labels(self, attributes: Frame) -> tuple[list[tuple[str, tuple[str, ...]]], Ints]:
        """Names and values of the attributes, and the value of each in each row, from 1; 0 is missing or rare."""
        kinds = dict.fromkeys(attributes.columns, "category")
        inputs = Inputs.learn(attributes, kinds=kinds, min_count=self.min_count)
        kept = [place for place, part in enumerate(inputs.categories) if len(part.values) > 1]
        if not kept:
            raise EmptyData(
                f"no attribute to learn: none of {attributes.columns} has two values of {self.min_count} pictures each"
            )
        parts = [inputs.categories[place] for place in kept]
        names = [(part.column, tuple(str(value) for value in part.values.ids.to_list())) for part in parts]
        return names, inputs.encode(attributes).categories[:, kept]


def _field(pictures: Sequence[Content], side: int) -> tuple[int, int]:
    """Height and width of side * side pixels in the shape that most of the pictures have, in steps of 8."""
    step, shapes = max(1, len(pictures) // LOOKED_AT), []
    for content in pictures[::step]:
        try:
            image = open_picture(content, 256)
        except UnreadableFile:
            continue
        shapes.append(image.height / image.width)
    if not shapes:
        raise EmptyData("no picture can be read")
    long = float(np.clip(np.median(shapes), 0.5, 2.0)) ** 0.5
    return max(8, round(side * long / 8) * 8), max(8, round(side / long / 8) * 8)


def _withheld(read: Seen, share: float, run: Run) -> Longs:
    """Some of the pictures; different items with the same picture are on the same side."""
    _, same = np.unique(read.pixels.reshape(len(read.pixels), -1), axis=0, return_inverse=True)
    drawn = run.random().random(int(same.max()) + 1 if len(same) else 0)
    return np.flatnonzero(drawn[same] < share)
