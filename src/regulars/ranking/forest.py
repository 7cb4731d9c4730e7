"""Forest: boosted trees over the evidence. LightGBM grows them; to answer takes our own arrays alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from regulars.core import Floats, Ints, Progress, Run, Settings, floats, setting
from regulars.core.errors import MissingExtra
from regulars.kernels.trees import Nodes, summed

from .table import Lists, Table

CHECKED = 5  # one query in so many says when to stop


@dataclass(frozen=True)
class Forest:
    """The sum of the leaves that a row falls into; see `regulars.kernels.trees.Nodes`.

    A code is read as a number: the codes of a column rise as its values become rarer.
    """

    roots: Ints
    column: Ints
    bound: np.ndarray
    left: Ints
    right: Ints

    def score(self, table: Table) -> Floats:
        return summed(Nodes(self.roots, self.column, self.bound, self.left, self.right), _numbers(table))


@dataclass(frozen=True)
class TreeRanker(Settings):
    """LambdaMART (Burges, MSR-TR-2010-82), grown by LightGBM: the extra `rank` is needed to learn, not to answer.

    trees: at most so many, of `leaves` leaves with `least` candidates each, each tree adding `rate` of what it found;
    they are added until NDCG@10 of every 5th list has not grown for `patience` trees, 0: all of them, learned from all
    lists. part: of the columns that a tree may look at.
    """

    trees: int = setting(1_000, low=1, high=5_000, log=True)
    leaves: int = setting(15, low=2, high=1_024, log=True)
    rate: float = setting(0.03, low=1e-3, high=1.0, log=True)
    least: int = setting(100, low=1, high=10_000, log=True)
    part: float = setting(0.5, low=0.05, high=1.0)
    patience: int = setting(30, low=0, high=1_000)

    def learn(self, lists: Lists, run: Run) -> Forest:
        """Raises MissingExtra when LightGBM is not installed."""
        return learn_forest(lists, self, run)


def learn_forest(lists: Lists, growth: TreeRanker, run: Run) -> Forest:
    """The trees under which wanted candidates stand highest. Raises MissingExtra when LightGBM is not installed."""
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("lightgbm", "rank") from error
    checked = (np.arange(len(lists.lengths)) % CHECKED == CHECKED - 1) & (growth.patience > 0)
    parts = [
        lightgbm.Dataset(_numbers(part.table), part.wanted.astype(np.int32), group=part.lengths)
        for part in (lists.only(~checked), lists.only(checked))
        if len(part.lengths)
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
            "min_data_in_leaf": growth.least,
            "feature_fraction": growth.part,
            "seed": run.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": run.threads,
            "verbosity": -1,
        },
        parts[0],
        growth.trees,
        valid_sets=parts[1:],
        callbacks=[told, *([lightgbm.early_stopping(growth.patience, verbose=False)] if checked.any() else [])],
    )
    used = max(grown.best_iteration, 1) if checked.any() else growth.trees
    return planted([tree["tree_structure"] for tree in grown.dump_model(num_iteration=used)["tree_info"]])


def _numbers(table: Table) -> Floats:
    """Numbers and codes side by side."""
    return floats(np.concatenate([table.numbers, table.codes], axis=1, dtype=np.float32))


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
