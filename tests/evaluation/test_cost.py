"""What a piece of work costs, and the limit on its memory."""

import sys
import time

import numpy as np
import pytest

from regulars.evaluation.cost import NOTHING, Cost, free_mb, measured, memory_limit

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and limits the memory of a process so")


def test_the_result_comes_back_with_seconds_of_waiting_and_of_work():
    found, cost = measured(lambda: time.sleep(0.05) or 7)
    assert found == 7
    assert cost.seconds >= 0.05 > cost.cpu_seconds


@LINUX
def test_the_peak_of_one_piece_of_work_is_not_that_of_the_one_before():
    _, large = measured(lambda: np.ones(200 << 17).sum())
    _, small = measured(lambda: np.ones(1 << 17).sum())
    assert large.peak_mb > small.peak_mb + 150


@LINUX
def test_an_array_beyond_the_limit_is_an_error_and_the_limit_ends_with_its_block():
    with memory_limit(100.0), pytest.raises(MemoryError):
        np.empty(400 << 20, dtype=np.int8)
    assert len(np.empty(400 << 20, dtype=np.int8)) == 400 << 20
    assert free_mb() > 0


def test_costs_add_up_and_the_peak_is_the_highest():
    assert Cost(1, 2, 30).plus(Cost(3, 4, 20)) == Cost(4, 6, 30)
    assert NOTHING.plus(Cost(1, 1, 1)) == Cost(1, 1, 1)
