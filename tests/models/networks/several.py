"""Fits that several processes share: python -m torch.distributed.run --nproc-per-node 2 several.py FOLDER."""

import json
import os
import sys
from pathlib import Path

import torch

from models.networks.toy import Follow, Plain, Toy
from regulars.core import Run
from regulars.models.networks.training import train

SETTINGS = Toy(epochs=6, rate=0.02, precision="float32")


def fitted(task, **run):
    """How a fit went, the weights at its end, and how often this process was told of it."""
    told = []
    learned = train(task, SETTINGS, Run(threads=1, on_epoch=told.append, **run), "toy")
    weights = torch.cat([parameter.detach().ravel() for parameter in task.module.parameters()]).tolist()
    return {"losses": learned.losses, "figures": learned.figures, "weights": weights, "told": len(told)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    results = {
        "plain": fitted(Plain()),
        "drawn": fitted(Follow()),
        "gone on": fitted(Plain(), checkpoints=folder / "kept"),
    }
    (folder / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(results))
