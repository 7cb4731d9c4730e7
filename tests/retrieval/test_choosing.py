"""Which index for which catalog."""

from importlib.util import find_spec

from regulars.retrieval import Bits, Exact, Graph, index_for


def test_small_catalogs_need_no_index_and_large_ones_a_graph():
    assert index_for(0, 64) == index_for(2_000, 64) == Exact()
    assert index_for(100_000, 64) == index_for(3_000_000, 64) == index_for(10_000, 256) == Bits()
    assert index_for(30_000_000, 64) == (Graph() if find_spec("faiss") else Bits())
