"""Search in bits finds what the search in full finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from regulars.kernels import bit_lanes
from regulars.kernels.answers import empty_answer, rules
from regulars.kernels.bit_codes import _mix, further, part_of
from regulars.kernels.bit_masks import Masks
from regulars.kernels.bit_scan import search_parts
from regulars.kernels.products import Answers
from regulars.kernels.topk import OFTEN, Products, top_k_product


def found(queries, vectors, k, allowed=None, excluded=None, cut=None):
    """By codes, the items in two parts."""
    n = len(vectors)
    cut = n if cut is None else cut
    parts = (
        further((part_of(vectors[:cut]),), vectors, cut)
        if cut < n // 3
        else (part_of(vectors[:cut]), part_of(vectors, cut))
    )
    items, best = empty_answer(len(queries), k)
    answers = Answers(items, best, np.zeros(len(queries), dtype=np.int64))
    search_parts(vectors, Masks(parts), queries, rules((len(queries), n), allowed, excluded), answers)
    return items, best


def plain_catalog(random, n, d):
    return random.standard_normal((n, d))


def equal_catalog(random, n, d):
    return np.ones((n, d)) * random.integers(1, 3, size=(n, 1))


def steep_catalog(random, n, d):
    return random.standard_normal((n, d)) * np.exp(random.normal(0, 4, size=(n, 1)))


def flat_catalog(random, n, d):
    return random.standard_normal((n, d)) * np.exp(-np.arange(d)) + np.r_[100, np.zeros(d - 1)]


def huge_catalog(random, n, d):
    return random.standard_normal((n, d)) * np.where(random.random((n, 1)) < 0.1, 3e37, 1e-30)


CATALOGS = [plain_catalog, equal_catalog, steep_catalog, flat_catalog, huge_catalog]


@given(
    st.sampled_from(CATALOGS),
    st.integers(1, 3000),
    st.integers(2, 70),
    st.integers(1, 120),
    st.integers(0, 2**31),
    st.sampled_from([0.01, 0.3, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_bits_and_full_search_agree(made, n, d, k, seed, share):
    random = np.random.default_rng(seed)
    vectors = made(random, n, d).astype(np.float32)
    vectors[random.random(n) < 0.02] = np.nan
    queries = random.standard_normal((3, d)).astype(np.float32)
    queries[2] = [0, np.nan, np.inf][seed % 3]
    allowed = random.random((1 if seed % 2 else 3, n)) < share
    allowed.flags.writeable = bool(seed % 3)
    starts = np.array([0, 0, 40, 45])
    excluded = starts, random.integers(-2, n + 3, size=45).astype(np.int32)
    with np.errstate(over="ignore"):
        items, scores = found(queries, vectors, k, allowed, excluded, cut=n // (2 + seed % 3))
        right, best = top_k_product(queries, vectors, k, allowed=allowed, excluded=excluded)
    np.testing.assert_array_equal(items, right)
    np.testing.assert_array_equal(scores, best)


def test_products_answer_alike_however_often_they_are_asked_and_when_items_join():
    random = np.random.default_rng(3)
    vectors = random.standard_normal((6_000, 64)).astype(np.float32)
    queries = random.standard_normal((5, 64)).astype(np.float32)
    products = Products(vectors[:5_900])
    for end in (5_900, 5_950, 6_000):
        products = products.wider(vectors[:end])
        right = top_k_product(queries, vectors[:end], 10)
        for _ in range(OFTEN // 5 + 1):
            items, scores = products.top_k(queries, 10)
            np.testing.assert_array_equal(items, right[0])
            np.testing.assert_array_equal(scores, right[1])


def test_of_equal_scores_the_lowest_items_are_answered():
    vectors = np.ones((5000, 20), dtype=np.float32)
    items, scores = found(np.ones((1, 20), dtype=np.float32), vectors, 7)
    assert items.tolist() == [list(range(7))]
    assert (scores == 20).all()


@njit
def sums_and_bits(fast, codes, query, before, left, bounds):
    out = np.empty(16, dtype=np.int32)
    places = codes.ctypes.data, query.ctypes.data, len(query) // 16, before.ctypes.data, out.ctypes.data
    if fast:
        bits = bit_lanes.reaching(*places, left.ctypes.data, np.float32(bounds[0]), np.float32(bounds[1]))
    else:
        bits = bit_lanes.plain(*places, left.ctypes.data, np.float32(bounds[0]), np.float32(bounds[1]))
    return out, bits


@pytest.mark.parametrize("d", [16, 48, 256])
def test_sums_of_sixteen_items_are_those_of_integers(d):
    random = np.random.default_rng(d)
    codes, query = random.integers(0, 4, size=(16, d)).astype(np.uint8), random.integers(-127, 128, size=d)
    before, left = random.integers(-500, 500, size=16).astype(np.int32), random.integers(0, 256, size=16)
    right = codes @ query + 4 * before
    highest = right + 1.5 * left
    reach = np.sort(highest)[5]
    for fast in (False, True):
        given = bit_lanes.packed(codes), query.astype(np.int8), before, left.astype(np.uint8)
        out, bits = sums_and_bits(fast, *given, (reach, 1.5))
        np.testing.assert_array_equal(out, right)
        assert bits == sum(1 << lane for lane in range(16) if highest[lane] >= reach)


def test_codes_never_leave_out_more_than_they_say():
    random = np.random.default_rng(5)
    vectors = (random.standard_normal((700, 40)) * np.exp(random.normal(0, 1, (700, 1)))).astype(np.float32)
    part = part_of(vectors)
    mixed = np.empty((700, 40))
    for at, item in enumerate(part.order):
        _mix(vectors[item], mixed[at])
    np.testing.assert_allclose(
        mixed @ mixed.T, vectors[part.order] @ vectors[part.order].T.astype(np.float64), rtol=1e-5
    )
    two, four = (unpacked(codes)[:700, :40] for codes in (part.coarse, part.fine))
    four = 4 * two + four
    widths = np.repeat(part.widths, 256)[:700, np.newaxis]
    for which, coded in enumerate((widths * (4 * two - 6.0), widths * (four - 7.5))):
        said = part.left[which, :700] * np.repeat(part.rounds[which], 256)[:700]
        missed = np.linalg.norm(mixed - coded, axis=1)
        assert (missed <= said * (1 + 1e-12)).all()
        assert (missed >= 0.97 * said - np.repeat(part.rounds[which], 256)[:700]).all()


def unpacked(codes):
    """What `packed` made of codes of two bits."""
    groups, turns = codes.shape[:2]
    bits = codes[..., np.newaxis] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    return bits.transpose(0, 2, 1, 4, 3).reshape(16 * groups, 16 * turns).astype(np.int64)


def test_a_mask_that_nobody_can_write_to_is_put_in_order_once():
    random = np.random.default_rng(4)
    vectors = random.standard_normal((6_000, 16)).astype(np.float32)
    masks, mask = Masks((part_of(vectors),)), random.random((1, 6_000)) < 0.4
    assert masks.of(mask) is None
    mask.flags.writeable = False
    once = masks.of(mask)
    assert once is masks.of(mask)
    bits = np.unpackbits(once.bits[0].view(np.uint8), bitorder="little").astype(bool)
    np.testing.assert_array_equal(bits, mask[0, masks.parts[0].order])
    other = mask.copy()
    other.flags.writeable = False
    assert masks.of(other) is not once
