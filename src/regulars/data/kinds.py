"""Kinds of events: the names that shops use for them, and what each weighs.

A purchase weighs 1, and what is less telling weighs less. A negative weight is a share of what was done before: -1
takes it back wholly, so that the sum over a customer's events of an item is what is left of them.
"""

import re
from collections.abc import Mapping

from regulars.core import EVENT

PURCHASE, RETURN, CART, UNCART, RATING = "purchase", "return", "cart", "remove_from_cart", "rating"

WEIGHTS: Mapping[str, float] = {
    PURCHASE: 1.0,
    RETURN: -1.0,  # takes back the purchase before it
    CART: 0.5,
    UNCART: -1.0,  # takes back the cart before it
    RATING: 1.0,  # times the rating itself
    "favorite": 0.5,
    "view": 0.2,
    "search": 0.1,
    "page": 0.1,
    "impression": 0.0,  # shown, not wanted: kept for later, counts for nothing
    EVENT: 1.0,
}
NAMES: Mapping[str, str] = {
    PURCHASE: "purchase buy bought order ordered purchasecomplete transaction transact sale sold invoice checkout paid "
    "payment orderitem conversion",
    RETURN: "return returned refund refunded cancel cancelled canceled cancellation chargeback",
    CART: "cart addtocart add addcart basket addtobasket addedtocart atc",
    UNCART: "removefromcart removefrombasket remove cartremove",
    RATING: "rating rate rated review",
    "favorite": "favorite favourite fav like liked wishlist addtowishlist bookmark save saved addtofavorites star",
    "view": "view viewed click clicked pv detailpageview productview viewitem itemview pageview productdetail open "
    "select",
    "search": "search searched",
    "page": "homepageview categorypageview shoppingcartpageview",
    "impression": "impression impressions shown exposure exposed display",
    EVENT: "event interaction",
}
_CANONICAL = {name: kind for kind, names in NAMES.items() for name in names.split()}
TAKEN_BACK_BY = {RETURN: PURCHASE, UNCART: CART}


def canonical(name: str) -> str:
    """The kind that a shop's word means: "Add-to-Cart" is cart; an unknown word stays, in small letters."""
    plain = re.sub(r"[^0-9a-z]", "", name.lower())
    return _CANONICAL.get(plain) or re.sub(r"[^0-9a-z]+", "_", name.strip().lower()).strip("_") or EVENT


def weights(given: Mapping[str, float]) -> dict[str, float]:
    """The weights of all known kinds, those of the shop laid over the defaults."""
    return {**WEIGHTS, **{canonical(name): float(weight) for name, weight in given.items()}}
