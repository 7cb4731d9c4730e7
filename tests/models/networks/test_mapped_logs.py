"""Logs longer than memory: what a sequence network learns from stays on the disk, and is the same as in memory."""

import numpy as np
import polars as pl
import pytest

from regulars.core import Dataset, Run, mapped
from regulars.core.errors import Interrupted
from regulars.models import SASRec
from regulars.models.networks import training
from regulars.models.networks.sequences import Sequences

COLUMNS = ("user", "item", "time", "weight", "kind")


@pytest.fixture
def log():
    """Customers who walk around a ring of items, with pauses and a few returns."""
    random = np.random.default_rng(0)
    rows = [(u, (u + t) % 12, 100 * t + 5_000 * (t > 5), -1.0 if random.random() < 0.05 else 1.0)
            for u in range(40) for t in range(int(random.integers(2, 12)))]  # fmt: skip
    return Dataset.of(pl.DataFrame(rows, schema=["user_id", "item_id", "time", "weight"], orient="row"))


@pytest.fixture
def on_disk(log, tmp_path, monkeypatch):
    """The same log, mapped; every column counts as large, and pieces are small."""
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "PIECE", 11)
    for name in COLUMNS:
        np.save(tmp_path / f"{name}.npy", getattr(log, name))
    columns = {name: np.asarray(np.load(tmp_path / f"{name}.npy", mmap_mode="c")) for name in COLUMNS}
    return Dataset(log.users, log.items, **columns)


@pytest.mark.parametrize("gap", [np.inf, 1_000.0])
def test_sequences_of_a_mapped_log_are_those_of_the_log_in_memory(log, on_disk, gap):
    codes = np.where(np.arange(log.n_items) == 3, -1, np.arange(log.n_items)).astype(np.int32)
    found, expected = (Sequences.of(data.histories(), codes, gap=gap) for data in (on_disk, log))
    for name in ("starts", "items", "times"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_a_network_learns_from_the_disk_what_it_learns_from_memory(log, on_disk, monkeypatch):
    seen = []

    def noting(task, settings, run, name, train=training.train):
        seen.append(task)
        return train(task, settings, run, name)

    monkeypatch.setattr(training, "train", noting)
    method = SASRec(width=8, length=5, epochs=3, batch=8, validation=0.2)
    one, other = (method.fit(data, Run(threads=1)) for data in (log, on_disk))
    np.testing.assert_array_equal(one.item_vectors, other.item_vectors)
    task = seen[1]
    assert all(mapped.is_mapped(column) for column in (task.sequences.items, task.sequences.times))
    assert all(mapped.is_mapped(getattr(task.withheld.known, name)) for name in COLUMNS)


def test_a_fit_of_a_mapped_log_that_was_stopped_goes_on_in_memory(log, on_disk, tmp_path):
    def stop(progress):
        if progress.task == "sasrec" and progress.done == 1:
            raise Interrupted("enough")

    method = SASRec(width=8, length=5, epochs=3, batch=8)
    with pytest.raises(Interrupted):
        method.fit(on_disk, Run(threads=1, on_epoch=stop, checkpoints=tmp_path / "kept"))
    gone_on = method.fit(log, Run(threads=1, checkpoints=tmp_path / "kept"))
    np.testing.assert_array_equal(gone_on.item_vectors, method.fit(log, Run(threads=1)).item_vectors)
