"""Bands: a rising function of the score, as its formula says."""

import numpy as np

from regulars.kernels.bands import in_band


def test_a_score_becomes_what_the_formula_says():
    scores = np.array([np.nan, -3e6, -2.5, 0.0, 1e-6, 0.7, 9.0, 5e7], dtype=np.float32)
    logs = np.copysign(np.log1p(np.abs(scores.astype(np.float64))), scores)
    for band in (0, 2):
        twin = 0.5 + logs / (2 * (1 + np.abs(logs))) - band
        np.testing.assert_allclose(in_band(scores, band), twin, rtol=1e-6)
    assert (np.diff(in_band(scores, 0)[1:]) > 0).all()
