"""The shop's own ids of its events stay beside the dataset, in its order, whatever is left out or sorted."""

import numpy as np
import polars as pl
import pytest

from regulars.data import Checks, Sources, Table, prepare
from regulars.data.prepared import Prepared


def log(n: int = 5_000, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "event_id": [f"ü-{n}" if n % 7 else f"{n:040d}" for n in range(n)],
            "user_id": random.integers(0, 300, n),
            "item_id": random.integers(0, 200, n),
            "time": 1_700_000_000 + random.permutation(n),
        }
    )
    return frame.with_columns(event_id=pl.when(pl.int_range(n) % 11 == 3).then(None).otherwise("event_id"))


def told(prepared: Prepared) -> dict[int, str | None]:
    """The id of each event by its time, which no other event has."""
    data = prepared.dataset
    ids = [prepared.event_ids.between(low, min(low + 700, len(data))) for low in range(0, len(data), 700)]
    return dict(zip(np.asarray(data.time).tolist(), pl.concat(ids).to_list(), strict=True))


@pytest.mark.parametrize("spilled", [False, True])
def test_each_event_has_the_id_that_its_row_gave_it(tmp_path, monkeypatch, spilled):
    if spilled:
        monkeypatch.setattr("regulars.data.spill.PART", 500)
    frame = log()
    prepared = prepare(Sources(Table(frame=frame)), tmp_path / "shop")
    assert told(prepared) == dict(zip(frame["time"], frame["event_id"], strict=True))
    assert told(Prepared.load(tmp_path / "shop")) == told(prepared)
    assert "event_id" not in prepared.dataset.context.columns


def test_what_is_left_out_takes_its_ids_along(tmp_path):
    frame = log(1_500)
    prepared = prepare(Sources(Table(frame=frame)), tmp_path / "shop", Checks(min_user_events=3, min_item_events=3))
    known = dict(zip(frame["time"], frame["event_id"], strict=True))
    assert 0 < len(prepared.dataset) < 1_500
    assert all(known[time] == name for time, name in told(prepared).items())


def test_a_log_beside_it_may_have_none(tmp_path):
    first, second = log(50), log(50, 1).drop("event_id").with_columns(pl.col("time") + 100_000)
    prepared = prepare(Sources((Table(frame=first), Table(frame=second))), tmp_path / "shop")
    expected = dict(zip(first["time"], first["event_id"], strict=True)) | dict.fromkeys(second["time"])
    assert told(prepared) == expected


def test_without_ids_nothing_is_kept(tmp_path):
    frame = log(50)
    assert prepare(Sources(Table(frame=frame.drop("event_id"))), tmp_path / "none").event_ids is None
    assert prepare(Sources(Table(frame=frame), event_ids=False), tmp_path / "not").event_ids is None
    assert prepare(Sources(Table(frame=frame))).event_ids is None  # in memory alone
