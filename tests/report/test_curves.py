"""The section on learning: what it says and draws of the epochs."""

import math

import polars as pl
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from regulars.core import Dataset
from regulars.core.errors import EmptyData
from regulars.report import Report, curve_plots, plots
from regulars.report.sections.learning import learning


def report(**columns):
    n = len(columns["loss"])
    data = Dataset.of(pl.DataFrame({"user_id": [1], "item_id": [1]}))
    curves = pl.DataFrame({"name": ["deep"] * n, "epoch": range(1, n + 1), **columns})
    return Report(shop="shop", data=data, curves=curves)


def test_it_tells_which_epoch_was_kept():
    said = learning(report(**{"loss": [7.0, 6.0, 5.5, 5.0], "ndcg@10": [0.1, 0.3, 0.3, 0.2]}))
    assert "It learned 4 epochs; the loss went from 7.0" in said
    assert "Epoch 2 was kept, with an NDCG of 0.3" in said
    assert said.count("<svg") == 2
    assert ">epoch 2<" in said


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_without_withheld_events_there_is_the_loss_alone(nothing):
    said = learning(report(**{"loss": [7.0, 6.0], "ndcg@10": pl.Series([nothing] * 2, dtype=pl.Float64)}))
    assert said.count("<svg") == 1
    assert "was kept" not in said.partition("</p>")[2]


def test_methods_without_epochs_have_no_section():
    assert learning(Report(shop="shop", data=Dataset.of(pl.DataFrame({"user_id": [1], "item_id": [1]})))) is None


def test_one_epoch_can_be_drawn_and_none_cannot():
    assert "<svg" in plots.svg(curve_plots.curve([3.0], "Loss", best=1))
    with pytest.raises(EmptyData, match="no epoch whose Loss"):
        curve_plots.curve([], "Loss")


@pytest.mark.parametrize(("epochs", "ticks"), [(3, [1, 2, 3]), (40, [1, 10, 20, 30, 40]), (7, [1, 2, 4, 6])])
def test_the_epochs_on_the_axis_are_whole(epochs, ticks):
    assert curve_plots._ticks(epochs) == ticks
