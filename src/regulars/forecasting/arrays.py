"""Array kinds of forecasting, where single and double precision meet, and the division that they share."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]  # numbers of any precision: sums of float64, figures of float32, masks


def part(total: Numbers, counts: Numbers) -> Numbers:
    """total / counts, NaN where there is nothing to divide by; float64."""
    quotient: Numbers = np.divide(total, counts, out=np.full(np.shape(total), np.nan), where=counts > 0)
    return quotient
