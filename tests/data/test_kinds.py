"""Kinds of events: the shops' words, their weights, and returns that take back."""

import numpy as np
import pytest

from regulars.core import Histories, ints
from regulars.data import kinds
from regulars.data.returns import net_weights


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("purchase-complete", "purchase"),
        ("Buy", "purchase"),
        ("add-to-cart", "cart"),
        ("AddToCart", "cart"),
        ("remove_from_cart", "remove_from_cart"),
        ("pv", "view"),
        ("detail-page-view", "view"),
        ("Refund", "return"),
        ("Called the hotline", "called_the_hotline"),
    ],
)
def test_the_words_of_shops_mean_our_kinds(word, kind):
    assert kinds.canonical(word) == kind


def test_a_purchase_weighs_more_than_a_cart_and_a_cart_more_than_a_view():
    weights = kinds.weights({})
    assert weights["purchase"] > weights["cart"] > weights["view"] > weights["impression"] == 0


def test_the_shops_weights_lie_over_the_defaults_under_any_of_its_words():
    weights = kinds.weights({"Buy": 2.0, "hotline": 0.3})
    assert (weights["purchase"], weights["hotline"], weights["view"]) == (2.0, 0.3, kinds.WEIGHTS["view"])


def netted(rows, names=("purchase", "return", "cart", "remove_from_cart")):
    """rows: (user, item, kind, weight, pieces), in the order of (user, time)."""
    user, item, kind, weight, pieces = (np.array(column) for column in zip(*rows, strict=True))
    return net_weights(
        user.astype(np.int32),
        item.astype(np.int32),
        kind.astype(np.int8),
        weight.astype(np.float32),
        pieces.astype(float),
        names,
    )


def test_a_return_takes_back_its_purchase_and_nothing_is_left():
    weight, taken, lost = netted([(0, 5, 0, 1.0, 2), (0, 6, 0, 1.0, 1), (0, 5, 1, -1.0, -2)])
    assert weight.tolist() == [1.0, 1.0, -1.0]
    assert (taken, lost) == (1, 0)
    matrix = Histories.of([ints([5, 6, 5])], weights=[weight]).matrix(7)
    assert matrix.toarray()[0].tolist() == [0, 0, 0, 0, 0, 0, 1.0]


def test_a_return_of_some_pieces_takes_their_share():
    weight, _, _ = netted([(0, 5, 0, 1.0, 4), (0, 5, 1, -1.0, -1), (0, 5, 1, -1.0, -3)])
    assert weight.tolist() == [1.0, -0.25, -0.75]


def test_a_return_without_its_purchase_weighs_nothing_and_harms_no_later_purchase():
    weight, taken, lost = netted([(0, 5, 1, -1.0, -1), (0, 5, 0, 1.0, 1), (1, 5, 1, -1.0, -1)])
    assert weight.tolist() == [0.0, 1.0, 0.0]
    assert (taken, lost) == (0, 2)


def test_leaving_the_cart_takes_back_the_cart_and_not_the_purchase():
    weight, _, _ = netted([(0, 5, 2, 0.5, 1), (0, 5, 0, 1.0, 1), (0, 5, 3, -1.0, 1)])
    assert weight.tolist() == [0.5, 1.0, -0.5]


def test_more_cannot_be_taken_back_than_was_bought():
    weight, _, _ = netted([(0, 5, 0, 1.0, 1), (0, 5, 1, -1.0, -10), (0, 5, 1, -1.0, -1)])
    assert weight.sum() == 0.0
