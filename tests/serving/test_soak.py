"""Three minutes of everything at once; `python -m benchmarks.soak --minutes 60` is the hour."""

import os

import pytest

from benchmarks.soak import soak

MINUTES = float(os.environ.get("REGULARS_SOAK_MINUTES", "3"))


@pytest.mark.slow
def test_nothing_is_lost_nothing_fails_nothing_leaks(tmp_path):
    report = soak(tmp_path / "shop", 60 * MINUTES)
    assert report.wrong() == []
    assert report.refits >= 2
    assert report.acknowledged > 50 * MINUTES
