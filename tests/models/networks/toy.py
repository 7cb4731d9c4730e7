"""A small task to watch the training loop with: which of eight things follows which, half of the time by a rule."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from regulars.models.networks.training import Task
from regulars.models.trained import Trained

N = 8


@dataclass(frozen=True)
class Toy(Trained):
    """The shared settings, as a method declares them."""


class Follow(Task):
    """Learns pairs (before, after); the figure is the share of pairs of the rule whose `after` scores best."""

    def __init__(self, *, pairs=256, batch=32, dropout=0.2, seed=5):
        random = np.random.default_rng(seed)
        self.before = random.integers(0, N, pairs)
        self.after = np.where(random.random(pairs) < 0.7, (self.before + 3) % N, random.integers(0, N, pairs))
        self.batch, self.figures = batch, []
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.module = nn.Sequential(nn.Embedding(N, 6), nn.Dropout(dropout), nn.Linear(6, N))
        self.module.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def steps(self, random):
        order = random.permutation(len(self.before))
        for start in range(0, len(order), self.batch):
            yield order[start : start + self.batch]

    def loss(self, examples, random):
        before, after = (torch.from_numpy(column[examples]) for column in (self.before, self.after))
        negatives = torch.from_numpy(random.integers(0, N, 3))
        self.module.seen += 1
        scores = self.module(before)
        summed = nn.functional.cross_entropy(scores.float(), after, reduction="sum")
        return summed + 1e-3 * scores[:, negatives].square().sum(), len(examples)

    def judge(self):
        everything = torch.arange(N)
        return float((self.module(everything).argmax(1) == (everything + 3) % N).float().mean())


class Foretold(Follow):
    """Its figures are given, one for each epoch; the weights of each epoch are noted."""

    def __init__(self, figures):
        super().__init__()
        self.coming, self.weights = list(figures), []

    def judge(self):
        self.weights.append(self.module[2].weight.detach().clone())
        return self.coming[len(self.weights) - 1]


class Plain(Follow):
    """The same without anything drawn at random in a step, so that several processes differ by rounding alone."""

    def __init__(self):
        super().__init__(pairs=251, dropout=0.0)

    def loss(self, examples, random):
        before, after = (torch.from_numpy(column[examples]) for column in (self.before, self.after))
        return nn.functional.cross_entropy(self.module(before), after, reduction="sum"), len(examples)
