"""DeepRanker: a deep and cross network over the same table that trees and curves read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regulars.core import Run, setting
from regulars.models.trained import Trained

from .additive import knots_of
from .table import Lists

if TYPE_CHECKING:
    from regulars.models.networks.dcn import CrossNet


@dataclass(frozen=True)
class DeepRanker(Trained):
    """DCN-v2 (Wang et al., WWW 2021): cross layers x0 * (W x + b) + x beside or below a deep part.

    Needs the extra `deep`, to learn and to answer. precision: its products are small, and bfloat16 makes them slower.
    batch: lists of a step; validation: part of the lists, whose NDCG@10 says when to stop. bins: of each number,
    which is read by how far it is through each of them (Gorishniy et al., NeurIPS 2022); number: width that each
    number has then; embedding: width of each category, at most; crosses: cross layers, of matrices of this `rank` (0:
    full), mixed from `experts`; layers, width: of the deep part; structure: "parallel" or "stacked"; loss:
    "listwise", the softmax over a list, or "pointwise", each candidate by itself; least: wanted candidates that a
    category needs for an embedding of its own, else it is unknown; negatives: unwanted candidates of a list that a
    step looks at, 0 for all; unseen: part of the categories that count as unknown in a step, so that the network has
    met the unknown; members: networks of different seeds whose mean is the score.
    """

    epochs: int = setting(8, low=1, high=2000, log=True)
    batch: int = setting(32, low=1, high=65536, log=True)
    rate: float = setting(5e-3, low=1e-5, high=0.1, log=True)
    weight_decay: float = setting(0.1, low=0.0, high=1.0)
    patience: int = setting(4, low=0, high=200)
    precision: str = setting("float32", choices=("auto", "float32", "bfloat16"))
    bins: int = setting(8, low=1, high=64, log=True)
    number: int = setting(4, low=1, high=64, log=True)
    embedding: int = setting(8, low=1, high=128, log=True)
    crosses: int = setting(2, low=0, high=8)
    rank: int = setting(32, low=0, high=1024)
    experts: int = setting(1, low=1, high=16)
    layers: int = setting(2, low=0, high=6)
    width: int = setting(64, low=4, high=2048, log=True)
    dropout: float = setting(0.1, low=0.0, high=0.9)
    structure: str = setting("parallel", choices=("parallel", "stacked"))
    loss: str = setting("listwise", choices=("listwise", "pointwise"))
    least: int = setting(50, low=1, high=100_000, log=True)
    negatives: int = setting(50, low=0, high=1_000)
    unseen: float = setting(0.02, low=0.0, high=0.5)
    members: int = setting(1, low=1, high=16)

    def learn(self, lists: Lists, run: Run) -> "CrossNet":
        """Raises MissingExtra when torch is not installed."""
        from regulars.models.networks.dcn import Design, Teaching, learn_cross_net

        design = Design(
            numbers=lists.table.numbers.shape[1],
            sizes=lists.sizes,
            bins=self.bins,
            number=self.number,
            embedding=self.embedding,
            crosses=self.crosses,
            rank=self.rank,
            experts=self.experts,
            layers=self.layers,
            width=self.width,
            structure=self.structure,
        )
        teaching = Teaching(self.dropout, self.loss, self.least, self.negatives, self.unseen, self.members)
        knots = knots_of(lists.table.numbers, self.bins + 1)
        return learn_cross_net(lists, knots, design, self, teaching, run)
