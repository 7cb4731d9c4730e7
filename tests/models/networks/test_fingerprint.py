"""Fingerprints: the same numbers are known again, and one changed number is seen, however deep it lies."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
import torch

from regulars.core import Dataset, Run
from regulars.models.networks.fingerprint import fingerprint
from regulars.models.withheld import Withheld


@dataclass(frozen=True)
class Nested:
    """A place for anything."""

    inner: object
    name: str = "x"


def withheld(items=(1, 2, 3, 2, 1, 3)):
    data = Dataset.of(pl.DataFrame({"user_id": [1, 1, 1, 2, 2, 2], "item_id": items, "time": range(6)}))
    return Withheld.of(data, 0.5, np.random.default_rng(0))


def test_it_is_the_same_for_the_same_numbers_in_other_arrays():
    numbers = np.arange(10)
    one, other = (Nested({"a": (column, torch.arange(3))}) for column in (numbers, numbers.copy()))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint([numbers, numbers]) == fingerprint([numbers, numbers.copy()])
    assert fingerprint(withheld()) == fingerprint(withheld())


@pytest.mark.parametrize(
    "changed", [np.arange(10) + (np.arange(10) == 7), np.arange(10, dtype=np.int32), np.arange(10).reshape(2, 5)]
)
def test_one_changed_number_type_or_shape_is_seen(changed):
    assert fingerprint(Nested([np.arange(10)])) != fingerprint(Nested([changed]))
    assert fingerprint(withheld()) != fingerprint(withheld(items=(1, 2, 3, 2, 3, 3)))


def test_weights_and_how_it_is_run_do_not_matter():
    one, other = (Nested([torch.nn.Linear(3, 2), run]) for run in (Run(), Run(threads=3)))
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(replace(one, inner=[torch.nn.Linear(3, 3), Run()]))


def test_a_circle_is_gone_round_once():
    circle = {"numbers": np.arange(3)}
    circle["self"] = circle
    assert fingerprint(circle) == fingerprint(circle)
