import numpy as np
import pytest

from regulars.features.gradients import DIRECTIONS, PATTERNS, STRENGTHS, oriented, patterns, slopes, textured

RANDOM = np.random.default_rng(6)
LIGHT = RANDOM.integers(0, 256, (14, 11), dtype=np.uint8)
AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))


def slow_codes(light, inside, brighter):
    """The pattern of each place that counts, one by one."""
    for row, column in zip(*np.nonzero(inside), strict=True):
        middle = int(light[row + 1, column + 1]) + brighter
        neighbors = [int(light[row + 1 + down, column + 1 + across]) for down, across in AROUND]
        yield tuple(neighbor > middle for neighbor in neighbors)


def changes(code):
    return sum(one != other for one, other in zip(code, (*code[1:], code[0]), strict=True))


def test_patterns_are_those_found_one_by_one():
    inside = RANDOM.random((12, 9)) < 0.7
    found = patterns(LIGHT, inside, 4)
    codes = list(slow_codes(LIGHT, inside, 4))
    assert found.sum() == len(codes) == inside.sum()
    assert found[PATTERNS - 1] == sum(changes(code) > 2 for code in codes)
    uniform = {}
    for code in codes:
        if changes(code) <= 2:
            uniform[code] = uniform.get(code, 0) + 1
    assert sorted(found[:-1][found[:-1] > 0]) == sorted(uniform.values())


def test_a_flat_picture_has_one_pattern_and_no_slope():
    flat = np.full((8, 8), 90, dtype=np.uint8)
    everywhere = np.ones((6, 6), dtype=bool)
    assert np.count_nonzero(patterns(flat, everywhere, 4)) == 1
    strength, _ = slopes(flat)
    assert not strength.any()
    assert textured(flat, everywhere).tolist() == [1.0] + [0.0] * (STRENGTHS - 1 + DIRECTIONS)


@pytest.mark.parametrize(("right", "down", "direction"), [(9, 0, 0), (-9, 0, 0), (5, 5, 2), (0, 9, 5), (5, -5, 7)])
def test_directions_are_of_lines_and_their_strength_is_the_slope(right, down, direction):
    rows, columns = np.mgrid[:5, :5]
    strength, found = slopes((120 + down * rows + right * columns).astype(np.uint8))
    assert strength == pytest.approx(np.full((3, 3), 2 * np.hypot(right, down)), rel=1e-6)
    if direction != 5:  # a right angle lies between two directions
        assert (found == direction).all()
    assert (found == found[0, 0]).all()


def test_stripes_have_one_direction_and_noise_has_all():
    stripes = np.repeat(np.arange(16) // 2 % 2 * 200, 16).reshape(16, 16).astype(np.uint8)
    noise = RANDOM.integers(0, 256, (60, 60), dtype=np.uint8)
    across = textured(stripes, np.ones((14, 14), dtype=bool))[STRENGTHS:]
    everywhere = textured(noise, np.ones((58, 58), dtype=bool))[STRENGTHS:]
    assert across.max() == pytest.approx(1)
    assert everywhere.max() < 0.2


def test_an_edge_is_told_in_its_cell_alone():
    light = np.zeros((26, 18), dtype=np.uint8)
    light[:, 14:] = 200  # within the lower right cells of a grid of 3 rows and 2 columns
    light[:18] = 0
    cells = oriented(light, 8).reshape(3, 2, DIRECTIONS)
    assert cells[2, 1].argmax() == 0
    assert not cells[:2, 0].any()
    assert cells.max() <= 1.5
