"""The fitted models: a handful of kinds, through which every method answers, is saved and explained."""

from .factors import Factors
from .item_item import DenseItemItem, SparseItemItem
from .item_scores import Groups, ItemScores
from .profile import Profile
from .saving import Saved, load, save

__all__ = ["DenseItemItem", "Factors", "Groups", "ItemScores", "Profile", "Saved", "SparseItemItem", "load", "save"]
