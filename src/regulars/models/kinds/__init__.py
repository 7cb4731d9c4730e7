"""The fitted models: a handful of kinds, through which every method answers, is saved and explained."""

from .item_item import DenseItemItem, SparseItemItem
from .item_scores import Groups, ItemScores
from .profile import Profile

__all__ = ["DenseItemItem", "Groups", "ItemScores", "Profile", "SparseItemItem"]
