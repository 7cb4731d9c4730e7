"""Folds: every rating is withheld once, to be predicted from all others."""

from dataclasses import dataclass

import numpy as np

from regulars.core import Dataset, Settings, setting
from regulars.core.errors import EmptyData, SettingError

from ..split import Split, keys, targets, wanted_by
from .ratio import mixing


@dataclass(frozen=True)
class Fold(Settings):
    """Withholds one of `folds` random parts of all pairs of customer and item, part number `fold`, counted from 0.

    All events of a pair are withheld together. Everybody with a withheld pair is asked, also who has no other. Use it
    to compare predictions of ratings; `Fold.all` gives every part once, for cross-validation.
    """

    folds: int = setting(5, low=2, high=1_000)
    fold: int = setting(0, low=0)
    kinds: tuple[str, ...] = ()
    seed: int = setting(0, low=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fold >= self.folds:
            raise SettingError(f"Fold: fold must be from 0 to {self.folds - 1}; it is {self.fold}")

    def cut(self, data: Dataset) -> Split:
        """Raises EmptyData when the part holds no event."""
        pairs, which = np.unique(keys(data.user, data.item, data.n_items), return_inverse=True)
        part = np.random.default_rng(self.seed).permutation(len(pairs)) % self.folds
        withheld = part[which] == self.fold
        if not withheld.any():
            raise EmptyData(f"fold {self.fold} of {self.folds} holds none of the {len(pairs)} pairs; use fewer folds")
        users = np.unique(data.user[withheld])
        train, moment = data.where(~withheld), int(data.time.max()) + 1
        wanted = wanted_by(data, users, withheld, targets(data, self.kinds))
        outside = data.where(withheld)
        name = f"part {self.fold + 1} of {self.folds} of all pairs, at random"
        return Split(
            name,
            train,
            train.queries(users, moment),
            wanted,
            leaks=mixing(data),
            rated=outside.queries(users, moment).history,
        )

    @classmethod
    def all(cls, folds: int = 5, *, kinds: tuple[str, ...] = (), seed: int = 0) -> tuple["Fold", ...]:
        """Every part once."""
        return tuple(cls(folds, fold, kinds, seed) for fold in range(folds))
