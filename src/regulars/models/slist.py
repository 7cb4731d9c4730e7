"""SLIST: what a history leads to next, by one regression over all its beginnings."""

import math
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from regulars.core import QUIET, Dataset, Floats, Progress, Run, Settings, setting
from regulars.core.errors import SettingError
from regulars.kernels.capped import capped_weights, mirrored
from regulars.kernels.gram import upper_gram
from regulars.kernels.prefixes import add_prefixes

from .kinds.item_item import DenseItemItem
from .kinds.profile import Profile
from .votes import both_ways, most_met, votes
from .walks import walks


@dataclass(frozen=True)
class SLIST(Settings):
    """The linear model that predicts best both the rest of each history and what comes next in it, in closed form.

    Minimizes whole |X - X B|^2 + (1 - whole) |T - S B|^2 + regularization |B|^2 (Choi, Kim, Lee, Shim, Lee, WWW 2021,
    eq. 10). X: which items each customer has. S and T: each history cut after each of its steps; an event of the past
    weighs half as much for every `half_life_steps` between it and the cut, one of the future for every `ahead_steps`
    after the first. A step is a click or a whole basket (see `Profile`), so a log without times has none and leaves X.
    own: the most that an item may say for itself, 0 where only new items are of interest.
    activity: the say of a customer with n items, or n steps, is divided by n ** activity. half_life_days: fading of old
    events, in training and in the history. Only the `max_items` items with the most customers, each with
    `min_customers` at least, take part. Memory: 8 bytes * items^2. Time: 3 items^3 operations, three times those of
    EASE. Raises SettingError when the regularization is too small for float32.
    """

    regularization: float = setting(100.0, low=1e-2, high=1e5, log=True)
    whole: float = setting(0.5, low=0.0, high=1.0)
    half_life_steps: float = setting(1.5, low=0.1, high=100.0, log=True)
    ahead_steps: float = setting(1.5, low=0.1, high=100.0, log=True)
    own: float = setting(0.0, low=0.0, high=1.0)
    activity: float = setting(0.0, low=0.0, high=1.0)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    min_customers: int = setting(1, low=1, high=1_000, log=True)
    max_items: int = setting(10_000, low=1, high=20_000, log=True)

    def fit(self, data: Dataset, run: Run = QUIET) -> DenseItemItem:
        matrix = votes(data, Profile("binary", self.half_life_days), self.activity)
        items = most_met(matrix, self.max_items, self.min_customers)
        threads = run.threads or None
        gram = upper_gram(*both_ways(matrix[:, items]), threads=threads)
        gram *= np.float32(self.whole)
        right = mirrored(gram, threads=threads)
        past, ahead = 0.5 ** (1 / self.half_life_steps), 0.5 ** (1 / self.ahead_steps)
        given = walks(data, items, self.half_life_days, self.activity)
        given = given._replace(cuts=given.cuts * np.float32(1 - self.whole))
        add_prefixes(given, past, ahead, gram, right, threads=threads)
        self._solve(gram, right, run)
        profile = Profile("count", self.half_life_days, self.half_life_steps)
        return DenseItemItem("slist", data.n_items, items, right, profile)

    def _solve(self, gram: Floats, right: Floats, run: Run) -> None:
        """Turns `right` into B."""
        n, threads = len(gram), run.threads or None
        gram.flat[:: n + 1] += self.regularization
        try:
            with threadpool_limits(threads, user_api="blas"):
                capped_weights(
                    gram,
                    right,
                    self.own,
                    threads=threads,
                    on_rows=lambda done: run.on_epoch(Progress("SLIST", done, n)),
                )
        except np.linalg.LinAlgError as error:
            raise SettingError(
                f"SLIST: a regularization of {self.regularization} is too small for this log; float32 cannot solve it"
            ) from error
