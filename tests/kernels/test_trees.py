"""Sums of leaves against a walk through nested tuples."""

import numpy as np

from regulars.kernels.trees import Nodes, summed


def planted(trees):
    """Nodes of trees written as a number (a leaf) or (column, bound, left, right)."""
    nodes, roots = [], []

    def put(tree):
        at = len(nodes)
        nodes.append([-1, tree, -1, -1] if isinstance(tree, float) else [tree[0], tree[1], 0, 0])
        if not isinstance(tree, float):
            nodes[at][2:] = put(tree[2]), put(tree[3])
        return at

    roots = [put(tree) for tree in trees]
    column, bound, left, right = zip(*nodes, strict=True)
    return Nodes(
        *(np.array(part, np.int32) for part in (roots, column)),
        np.array(bound),
        *(np.array(part, np.int32) for part in (left, right)),
    )


def walked(tree, row):
    return tree if isinstance(tree, float) else walked(tree[2 if row[tree[0]] <= tree[1] else 3], row)


def test_every_row_gets_the_sum_of_the_leaves_it_falls_into():
    trees = [(0, 0.5, (1, -0.25, 1.0, 2.0), (2, 0.0, 4.0, (0, 0.75, 8.0, 16.0))), 32.0, (1, 0.0, 64.0, 128.0)]
    rows = np.random.default_rng(0).uniform(-1, 1, size=(9_000, 3)).astype(np.float32)
    rows[0] = 0.5, -0.25, 0.0  # at every bound
    expected = [sum(walked(tree, row) for tree in trees) for row in rows]
    np.testing.assert_array_equal(summed(planted(trees), rows, threads=2), np.float32(expected))
    assert expected[0] == 1 + 32 + 64
