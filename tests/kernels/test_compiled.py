"""Compiled: the names of kernels that had to be compiled, each once, and of nobody within them."""

from numba import njit
from numba.core import event

from regulars.kernels.compiled import tell_what_is_compiled


def test_only_what_is_compiled_is_told_and_not_what_that_calls():
    told: list[str] = []
    before = list(event._registered["numba:compile"])
    tell_what_is_compiled(told.append)

    @njit
    def inner(x):
        return x + 1

    @njit
    def outer(x):
        return inner(x) * 2

    try:
        assert [outer(1), outer(2), outer(3)] == [4, 6, 8]
    finally:
        event._registered["numba:compile"][:] = before
    assert [name.rsplit(".", 1)[-1] for name in told] == ["outer"]
