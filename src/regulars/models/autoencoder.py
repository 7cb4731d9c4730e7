"""Autoencoder: the settings that all autoencoders share; nothing here needs torch."""

import math
from dataclasses import dataclass

from regulars.core import setting

from .kinds.profile import RULES
from .trained import Trained


@dataclass(frozen=True)
class Autoencoder(Trained):
    """Abstract: a network that tells whole histories from what is left of them, by one softmax over the catalog.

    A history is what its events weigh by `rule`, halved for every `half_life_days`; read at length one, `dropout` of it
    hidden in training. factors: width of the narrowest layer.
    """

    batch: int = setting(256, low=8, high=65536, log=True)
    factors: int = setting(200, low=4, high=2048, log=True)
    dropout: float = setting(0.5, low=0.0, high=0.9)
    rule: str = setting("binary", choices=RULES)
    half_life_days: float = setting(math.inf, low=1.0, log=True)
