"""How a network learns what pictures show of the attributes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from regulars.core import Floats, Ints, Longs, Run
from regulars.core.errors import EmptyData
from regulars.features.attribute_encoder import NetworkShape, Seen
from regulars.features.picture_network import PictureNetwork

from .training import Task, train

if TYPE_CHECKING:
    from ..picture_attributes import PictureAttributes

_JUDGED = 256  # pictures at a time
_SHIFT = 4  # pixels that a picture may be moved by, while it is learned from


class PictureTask(Task):
    """Examples are pictures; each is taught mirrored half of the time, and moved by a few pixels.

    codes: int32 [n, attributes], from 1, 0 for what is not known; withheld: rows that are judged by.
    """

    figure = "accuracy"
    module: PictureNetwork

    def __init__(
        self, read: Seen, codes: Ints, shape: NetworkShape, settings: "PictureAttributes", withheld: Longs, run: Run
    ) -> None:
        self.read, self.codes, self.settings, self.withheld = read, codes, settings, withheld
        known = np.flatnonzero((codes > 0).any(axis=1))
        self.taught = np.setdiff1d(known, withheld if settings.patience else [])
        if len(self.taught) < 2:
            raise EmptyData(f"{len(self.taught)} pictures with attributes can be read; give some hundred at least")
        with torch.random.fork_rng([]):
            torch.manual_seed(run.seed)
            module = PictureNetwork(shape, settings.dropout)
        self.module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def steps(self, random: np.random.Generator) -> Iterator[Longs]:
        order = random.permutation(self.taught)
        yield from np.array_split(order, max(1, round(len(order) / self.settings.batch)))

    def loss(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        pixels = self.read.pixels[examples]
        mirrored = random.random(len(examples)) < 0.5
        pixels[mirrored] = pixels[mirrored, :, ::-1]
        down, across = random.integers(0, 2 * _SHIFT + 1, 2)
        height, width = pixels.shape[1:3]
        moved = pad(torch.from_numpy(pixels).permute(0, 3, 1, 2), (_SHIFT,) * 4, value=255)
        moved = moved[:, :, down : down + height, across : across + width].permute(0, 2, 3, 1)
        logits = self.module.logits(self.module(moved.to(self.device), self._tensor(self.read.beside[examples])))
        codes = self._tensor(self.codes[examples].astype(np.int64)) - 1
        losses = [self._loss(told, codes[:, place]) for place, told in enumerate(logits)]
        return torch.stack(losses).sum() / len(losses), len(examples)

    def judge(self) -> float:
        """Mean accuracy about the attributes of the withheld pictures."""
        right = [share for share in self.judged()[0] if share is not None]
        return float(np.mean(right)) if right else float("nan")

    def judged(self) -> tuple[list[float | None], list[float | None]]:
        """For each attribute: how often it is right about the withheld pictures, and how often their majority is."""
        right: list[float | None] = []
        most: list[float | None] = []
        told = self._told(self.withheld)
        for place in range(self.codes.shape[1]):
            codes = self.codes[self.withheld, place].astype(np.int64)
            known = codes > 0
            nothing = not known.any()
            right.append(None if nothing else float((told[known, place] == codes[known] - 1).mean()))
            most.append(None if nothing else float(np.bincount(codes[known]).max() / known.sum()))
        return right, most

    def _told(self, rows: Longs) -> Ints:
        told = np.zeros((len(rows), self.codes.shape[1]), dtype=np.int32)
        with torch.inference_mode():
            for start in range(0, len(rows), _JUDGED):
                some = rows[start : start + _JUDGED]
                logits = self.module.logits(
                    self.module(self._tensor(self.read.pixels[some]), self._tensor(self.read.beside[some]))
                )
                for place, part in enumerate(logits):
                    told[start : start + len(some), place] = part.argmax(1).cpu().numpy()
        return told

    def _loss(self, logits: Tensor, codes: Tensor) -> Tensor:
        return cross_entropy(
            logits.float(), codes, ignore_index=-1, reduction="sum", label_smoothing=self.settings.smoothing
        )

    def _tensor(self, values: np.ndarray | Floats) -> Tensor:
        return torch.from_numpy(values).to(self.device)


def taught(task: PictureTask, settings: "PictureAttributes", run: Run) -> dict[str, np.ndarray]:
    """The weights of the network after its fit, by name."""
    train(task, settings, run, "picture_attributes")
    return {name: tensor.numpy().copy() for name, tensor in task.module.state_dict().items()}
