"""Is the difference real? Intervals and tests over customers, and what to say when many are compared."""

import numpy as np
import numpy.typing as npt

from regulars.core import Floats

Doubles = npt.NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 1000
MANY = 50_000  # customers from which on the mean is as good as normal, and drawing resamples only costs time
FLIPS = 9_999  # random sign patterns: the smallest p value is 1 / 10,000
ENOUGH = 500  # customers who differ, from which on the t statistic is as good as flipping signs
_BLOCK = 40  # resamples drawn at a time


def intervals(values: Floats, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0) -> Doubles:
    """Lower and upper end of the confidence interval of each column's mean; float64 [c, 2].

    values: [n, c], one row per customer, NaN where the figure is undefined. Bias-corrected and accelerated bootstrap
    over customers (Efron, Tibshirani, An Introduction to the Bootstrap, 1993, eq. 14.9-14.15); for more than MANY
    customers the normal interval. Every column gets the same resamples.
    """
    present = ~np.isnan(values)
    n = present.sum(axis=0)
    centered, means = _centered(values, present, n)
    errors = np.sqrt(np.square(centered).sum(axis=0) / np.maximum(n - 1, 1) / np.maximum(n, 1))
    z = _normal_quantile((1 + level) / 2)
    if len(values) > MANY:
        ends = means[:, None] + errors[:, None] * np.array([-z, z])
    else:
        drawn = _resampled_means(centered.astype(np.float32), present, resamples, np.random.default_rng(seed))
        ends = means[:, None] + _accelerated(drawn, centered, np.array([-z, z]))
    lowest = np.where(present, values, np.inf).min(axis=0)
    highest = np.where(present, values, -np.inf).max(axis=0)
    return np.where((n > 0)[:, None], np.clip(ends, lowest[:, None], highest[:, None]), np.nan)


def paired_p(differences: Floats, *, seed: int = 0) -> Doubles:
    """Two-sided p value of "no difference in the mean" for each column of paired differences; float64 [c].

    differences: [n, c], one row per customer, NaN where undefined. Flips the signs of the differences at random
    (Fisher's test; Smucker, Allan, Carterette, CIKM 2007) where fewer than ENOUGH are not zero, else the paired t
    statistic, to which the former then leads. No differing customer gives 1.
    """
    rng = np.random.default_rng(seed)
    return np.array([_p_of(column[~np.isnan(column)].astype(np.float64), rng) for column in differences.T])


def holm(p: npt.ArrayLike) -> Doubles:
    """p values corrected for making all of these comparisons (Holm, Scandinavian Journal of Statistics 1979).

    NaN, where nothing was compared, stays and does not count.
    """
    raw = np.asarray(p, dtype=np.float64)
    adjusted = np.full(raw.shape, np.nan)
    compared = np.flatnonzero(~np.isnan(raw))
    order = compared[np.argsort(raw[compared], kind="stable")]
    adjusted[order] = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(order), 0, -1)), 1.0)
    return adjusted


def verdict(difference: float, p: float, level: float = LEVEL) -> str:
    """What a corrected p value says in words: better, worse or no difference."""
    if np.isnan(p) or p >= 1 - level or difference == 0:
        return "no difference"
    return "better" if difference > 0 else "worse"


def _centered(values: Floats, present: npt.NDArray[np.bool_], n: npt.NDArray[np.int64]) -> tuple[Doubles, Doubles]:
    """Each column less its mean, 0 where undefined; and the means."""
    filled = np.where(present, values, 0.0).astype(np.float64)
    means = filled.sum(axis=0) / np.maximum(n, 1)
    return np.where(present, filled - means, 0.0), means


def _resampled_means(
    centered: Floats, present: npt.NDArray[np.bool_], resamples: int, rng: np.random.Generator
) -> Doubles:
    """The mean of each column in each resample of the customers; float64 [resamples, c]."""
    n, c = centered.shape
    drawn = np.empty((resamples, c))
    whole = bool(present.all())
    mask = present.astype(np.float32)
    for start in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - start)
        picks = rng.integers(n, size=(size, n), dtype=np.int32) + (np.arange(size, dtype=np.int32) * n)[:, None]
        times = np.bincount(picks.ravel(), minlength=size * n).reshape(size, n).astype(np.float32)
        weight = np.full((1, c), n, dtype=np.float32) if whole else times @ mask
        drawn[start : start + size] = (times @ centered) / np.maximum(weight, 1.0)
    return drawn


def _accelerated(drawn: Doubles, centered: Doubles, z: Doubles) -> Doubles:
    """BCa ends of each column, relative to the mean; [c, 2]."""
    from scipy.special import ndtr, ndtri

    resamples, c = drawn.shape
    below = ((drawn < 0).sum(axis=0) + 0.5 * (drawn == 0).sum(axis=0)) / resamples
    bias = ndtri(np.clip(below, 1 / resamples, 1 - 1 / resamples))[:, None]
    spread = np.square(centered).sum(axis=0)
    skew = np.power(centered, 3).sum(axis=0) / np.where(spread > 0, 6 * spread**1.5, 1.0)
    levels = ndtr(bias + (bias + z) / np.maximum(1 - skew[:, None] * (bias + z), 0.1))
    return np.array([np.quantile(drawn[:, i], levels[i]) for i in range(c)]).reshape(c, 2)


def _p_of(differences: Doubles, rng: np.random.Generator) -> float:
    from scipy.special import ndtr

    differing = differences[differences != 0]
    if not len(differing):
        return 1.0 if len(differences) else float("nan")
    if len(differing) >= ENOUGH:
        n = len(differences)
        error = differences.std(ddof=1) / np.sqrt(n)
        return float(2 * ndtr(-abs(differences.mean() / error)))
    total = abs(differing.sum()) * (1 - 1e-6)  # equal sums may differ in their last bits
    with np.errstate(invalid="ignore"):  # BLAS may compute on what lies beside its block, and throw that away
        flipped = _random_signs(FLIPS, len(differing), rng) @ differing.astype(np.float32)
    return float(1 + np.count_nonzero(np.abs(flipped) >= total)) / (1 + FLIPS)


def _random_signs(rows: int, n: int, rng: np.random.Generator) -> Floats:
    """-1 or 1 with equal chance; float32 [rows, n]."""
    width = -(-n // 8)
    bits = np.unpackbits(np.frombuffer(rng.bytes(rows * width), dtype=np.uint8).reshape(rows, width), axis=1)
    return np.subtract(1, 2 * bits[:, :n].view(np.int8), dtype=np.float32)


def _normal_quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))
