"""Basket ridge: what histories like this one were followed by, in one regression of whole baskets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import QUIET, Dataset, Floats, Ints, Progress, Run, Settings, floats, setting
from regulars.core.errors import EmptyData, SettingError
from regulars.kernels.gram import upper_gram

from .kinds.basket_profile import BasketProfile, baskets_of, kept_baskets, place_of
from .kinds.regression import Regression
from .kinds.steps import steps_of
from .votes import both_ways, most_met

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ONE: Final = 30.0  # the constant of each example: so large that the regularization does not hold back what is usual
_COLUMNS: Final = 1_024  # solved at a time


@dataclass(frozen=True)
class BasketRidge(Settings):
    """The linear model that foretells best which items the next basket holds, in closed form; repeats and news alike.

    Minimizes |Y - 1 u - X B|^2 + regularization |B|^2: a row of X is a customer's history before one of their `targets`
    newest baskets, log(1 + sum of what its baskets weigh, `fading` to the power of how many newer ones there are); the
    row of Y is that basket. Unlike EASE it looks ahead in time, and an item may speak for itself. own: what is added
    for each unit of an item in the history, for what is bought again. activity: an example whose basket holds n items
    weighs n ** -activity. Only the `max_items` items with the most customers, each with `min_customers` at least, have
    weights; of the others own purchases alone count. The defaults were good on validation customers of Ta-Feng.
    Time and memory: those of the smaller of items and examples, cubed and squared; and 4 bytes * items^2. Raises
    EmptyData when nobody bought twice, SettingError when the regularization is too small for float32.
    """

    regularization: float = setting(100.0, low=1e-1, high=1e5, log=True)
    own: float = setting(0.04, low=0.0, high=1.0)
    fading: float = setting(0.9, low=0.1, high=1.0)
    targets: int = setting(1, low=1, high=20, log=True)
    activity: float = setting(0.5, low=0.0, high=1.0)
    min_customers: int = setting(1, low=1, high=1_000, log=True)
    max_items: int = setting(5_000, low=1, high=20_000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> Regression:
        profile = BasketProfile(self.fading, log=True)
        met = BasketProfile().of(data.histories(), data.n_items)
        items = most_met(met, self.max_items, self.min_customers)
        given, wanted = examples(data, profile, self.targets)
        solved = self._solved(given[:, items], wanted[:, items], run)
        usual = np.where(np.bincount(met.indices, minlength=data.n_items) > 0, np.float32(0), np.float32(np.nan))
        usual[items] = solved[-1] * _ONE
        return Regression("basket_ridge", data.n_items, items, solved[:-1], floats(usual), self.own, profile)

    def _solved(self, given: "csr_array", wanted: "csr_array", run: Run) -> Floats:
        """B and, below it, what is usual divided by _ONE; float32 [m + 1, m]."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve
        from scipy.sparse import csr_array, diags_array, hstack

        sizes = np.maximum(np.diff(wanted.indptr), 1).astype(np.float64)
        says = diags_array((sizes ** (-self.activity / 2)).astype(np.float32))
        x = csr_array(hstack([given, csr_array(np.full((given.shape[0], 1), _ONE, dtype=np.float32))]))
        x, y = csr_array(says @ x), csr_array(says @ wanted).tocsc()
        few = x.shape[0] < x.shape[1]
        with threadpool_limits(run.threads or None, user_api="blas"):
            square = _gram(csr_array(x.T) if few else x, run)
            square.flat[:: len(square) + 1] += self.regularization
            try:
                factor = cho_factor(square, overwrite_a=True, check_finite=False)
            except LinAlgError as error:
                raise SettingError(
                    f"BasketRidge: a regularization of {self.regularization} is too small; float32 cannot solve it"
                ) from error
            turned, n = csr_array(x.T), y.shape[1]
            solved = np.empty((x.shape[1], n), dtype=np.float32)
            for begin in range(0, n, _COLUMNS):
                part = y[:, begin : begin + _COLUMNS]
                if few:
                    found = turned @ cho_solve(factor, part.toarray(), check_finite=False)
                else:
                    found = cho_solve(factor, (turned @ part).toarray(), check_finite=False)
                solved[:, begin : begin + _COLUMNS] = found
                run.on_epoch(Progress("basket ridge", min(begin + _COLUMNS, n), n))
        return solved


def examples(data: Dataset, profile: BasketProfile, targets: int) -> tuple["csr_array", "csr_array"]:
    """What each history weighed before one of its `targets` newest baskets, and 1 for each item of that basket.

    float32 [n, n_items] both, the newest baskets of all customers first. Raises EmptyData when nobody bought twice.
    """
    from scipy.sparse import csr_array, vstack

    history = kept_baskets(data.histories(), data.n_items)
    steps = steps_of(history)
    counts = baskets_of(history, steps)
    place = place_of(history, steps, counts)
    given, wanted = [], []
    for back in range(1, targets + 1):
        rows: Ints = np.flatnonzero(counts > back).astype(np.int32)
        cut = (counts - back)[history.rows]
        given.append(profile.of(history.where(place < cut)[rows], data.n_items))
        wanted.append(BasketProfile().of(history.where(place == cut)[rows], data.n_items))
    found = csr_array(vstack(given)), csr_array(vstack(wanted))
    if not found[0].shape[0]:
        raise EmptyData(
            "BasketRidge learns what follows a first basket; no customer of this log has bought twice; "
            "give a longer log, or take item_knn"
        )
    return found


def _gram(x: "csr_array", run: Run) -> Floats:
    """X'X on and above the diagonal."""
    x.sort_indices()
    return upper_gram(*both_ways(x), threads=run.threads or None)
