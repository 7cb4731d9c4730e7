"""Forest: boosted trees over the evidence. LightGBM grows them; to answer takes our own arrays alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.core import Bools, Floats, Ints, Longs, Progress, Run, floats
from regulars.core.errors import MissingExtra
from regulars.kernels.trees import Nodes, summed

PATIENCE = 30  # trees without a gain, after which growing ends
LEAST = 20  # candidates in a leaf
CHECKED = 5  # one query in so many says when to stop


@dataclass(frozen=True)
class Forest:
    """The sum of the leaves that a row of evidence falls into; see `regulars.kernels.trees.Nodes`."""

    roots: Ints
    column: Ints
    bound: np.ndarray
    left: Ints
    right: Ints

    def score(self, evidence: Floats) -> Floats:
        """The score of each row of the evidence [p, c]; float32 [p]."""
        return summed(Nodes(self.roots, self.column, self.bound, self.left, self.right), floats(evidence))


@dataclass(frozen=True)
class Growth:
    """How a forest grows: at most so many trees of so many leaves, each adding the share `rate` of what it found."""

    trees: int
    leaves: int
    rate: float


def learn_forest(evidence: Floats, starts: Longs, wanted: Bools, growth: Growth, run: Run) -> Forest:
    """LambdaMART (Burges, MSR-TR-2010-82) on lists of candidates; trees are added while NDCG on every 5th list grows.

    Raises MissingExtra when LightGBM is not installed.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("lightgbm", "rank") from error
    lengths = np.diff(starts)
    checked = np.arange(len(lengths)) % CHECKED == CHECKED - 1
    of_check = np.repeat(checked, lengths)
    parts = [
        lightgbm.Dataset(evidence[rows], wanted[rows].astype(np.int32), group=lengths[queries])
        for rows, queries in ((~of_check, ~checked), (of_check, checked))
    ]

    def told(step: Any) -> None:
        run.on_epoch(Progress("trees", step.iteration + 1, growth.trees))

    grown = lightgbm.train(
        {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [10],
            "lambdarank_truncation_level": 30,
            "num_leaves": growth.leaves,
            "learning_rate": growth.rate,
            "min_data_in_leaf": LEAST,
            "seed": run.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": run.threads,
            "verbosity": -1,
        },
        parts[0],
        growth.trees,
        valid_sets=[parts[1]] if checked.any() else [],
        callbacks=[told, *([lightgbm.early_stopping(PATIENCE, verbose=False)] if checked.any() else [])],
    )
    used = max(grown.best_iteration, 1) if checked.any() else growth.trees
    return planted([tree["tree_structure"] for tree in grown.dump_model(num_iteration=used)["tree_info"]])


def planted(trees: list[dict[str, Any]]) -> Forest:
    """LightGBM's description of its trees as arrays."""
    column: list[int] = []
    bound: list[float] = []
    children: list[tuple[int, int]] = []

    def put(node: dict[str, Any]) -> int:
        at = len(column)
        column.append(node.get("split_feature", -1))
        bound.append(node["threshold"] if "split_feature" in node else node["leaf_value"])
        children.append((-1, -1))
        if "split_feature" in node:
            children[at] = put(node["left_child"]), put(node["right_child"])
        return at

    roots = [put(tree) for tree in trees]
    left, right = np.array(children, dtype=np.int32).reshape(-1, 2).T
    return Forest(
        np.array(roots, dtype=np.int32), np.array(column, dtype=np.int32), np.array(bound), left.copy(), right.copy()
    )
