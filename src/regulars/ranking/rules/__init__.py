"""Business rules: what may be shown, and what a list should be like, in the words of a shop."""

from .bound import Bound
from .catalog import Catalog
from .language import Condition
from .ruled import Ruled
from .rules import Boost, Diversity, Pin, Rules, Screen, Share

__all__ = ["Boost", "Bound", "Catalog", "Condition", "Diversity", "Pin", "Ruled", "Rules", "Screen", "Share"]
