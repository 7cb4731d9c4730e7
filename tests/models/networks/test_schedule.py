"""The learning rate: up in a line, down along a cosine."""

import pytest

from regulars.models.networks.schedule import LAST, share_of_rate


def test_it_rises_in_a_line_and_falls_along_a_cosine():
    shares = [share_of_rate(progress, "cosine", 0.2) for progress in (0.05, 0.1, 0.2, 0.6, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 1.0, (1 + LAST) / 2, LAST])


def test_a_constant_rate_stays():
    assert [share_of_rate(progress, "constant", 0.1) for progress in (0.05, 0.1, 0.7, 1.0)] == [0.5, 1.0, 1.0, 1.0]


def test_without_warmup_it_begins_at_its_height():
    assert share_of_rate(0.0, "cosine", 0.0) == 1.0
