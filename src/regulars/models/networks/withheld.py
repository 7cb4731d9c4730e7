"""Withheld, where it was before; see `regulars.models.withheld`."""

from ..withheld import MOST, Withheld

__all__ = ["MOST", "Withheld"]
