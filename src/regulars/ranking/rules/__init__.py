"""Business rules: what may be shown, and what a list should be like, in the words of a shop."""

from .bound import Bound
from .catalog import Catalog
from .language import Condition
from .parts import Boost, Diversity, Pin, Screen, Share
from .ruled import Ruled
from .rules import Rules

__all__ = ["Boost", "Bound", "Catalog", "Condition", "Diversity", "Pin", "Ruled", "Rules", "Screen", "Share"]
