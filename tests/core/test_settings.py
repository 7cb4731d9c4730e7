"""One line of a dataclass is default, legal range and search range; what is outside is refused by name."""

from dataclasses import dataclass

import pytest

from regulars.core import Range, Settings, from_names, ranges, setting
from regulars.core.errors import SettingError


@dataclass(frozen=True)
class Method(Settings):
    """A method with one knob of each kind."""

    factors: int = setting(64, low=4, high=1024, log=True)
    decay: float = setting(0.5, low=0.0)
    kind: str = setting("cosine", choices=("cosine", "bm25"))
    center: bool = setting(False)


def test_defaults_and_limits_are_legal():
    assert Method() == Method(64, 0.5, "cosine", False)
    assert Method(factors=4).factors == 4
    assert Method(factors=1024, decay=float("inf")).decay == float("inf")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"factors": 3}, "factors must be from 4 to 1024; it is 3"),
        ({"factors": 1025}, "factors must be from 4 to 1024; it is 1025"),
        ({"decay": -0.1}, "decay must be at least 0.0; it is -0.1"),
        ({"decay": float("nan")}, "decay must be .* it is nan"),
        ({"kind": "jaccard"}, "kind must be one of 'cosine', 'bm25'; it is 'jaccard'"),
        ({"factors": 64.0}, "factors must be of type int; it is 64.0"),
        ({"factors": True}, "factors must be of type int; it is True"),
        ({"factors": "64"}, "factors must be of type int; it is '64'"),
        ({"decay": "1"}, "decay must be of type float; it is '1'"),
        ({"center": 1}, "center must be of type bool; it is 1"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_range_and_the_value(values, words):
    with pytest.raises(SettingError, match=f"Method: {words}"):
        Method(**values)


def test_a_whole_number_may_stand_for_a_float():
    assert Method(decay=1).decay == 1.0
    assert type(Method(decay=1).decay) is float


def test_a_range_says_itself_in_words():
    said = [str(Range(low, high)) for low, high in ((1, 2), (1, None), (None, 2), (None, None))]
    assert said == ["from 1 to 2", "at least 1", "at most 2", "anything"]


def test_ranges_are_read_from_the_class():
    assert list(ranges(Method)) == ["factors", "decay", "kind", "center"]
    factors = ranges(Method)["factors"]
    assert (factors.low, factors.high, factors.log) == (4, 1024, True)
    assert ranges(Method)["kind"].choices == ("cosine", "bm25")


def test_a_table_of_a_file_becomes_a_method():
    assert from_names(Method, {"factors": 8, "kind": "bm25"}) == Method(factors=8, kind="bm25")


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SettingError, match="Method has no setting factor; it has center, decay, factors, kind"):
        from_names(Method, {"factor": 8})
