"""Checkpoints: a fit that was stopped, whenever and however, ends as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.networks.toy import Follow, Toy
from regulars.core import Run
from regulars.core.errors import CannotWrite, Interrupted, TrainingError
from regulars.models.networks import checkpoints, fitting
from regulars.models.networks.training import train

SETTINGS = Toy(epochs=6, patience=3, rate=0.01)


def state(task):
    return {name: tensor.clone() for name, tensor in task.module.state_dict().items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=0, atol=0)


@pytest.fixture(scope="module")
def whole():
    """A fit that nobody stopped, and how it went."""
    task = Follow()
    return task, train(task, SETTINGS, Run(threads=1), "toy")


def stopping(task, done):
    """A watcher who stops the fit when so much of a task is done."""

    def on_epoch(progress):
        if progress.task == task and progress.done == done:
            raise Interrupted("enough")

    return on_epoch


@pytest.mark.parametrize(
    ("task", "done", "next_epoch"),
    [("toy", 1, 2), ("toy", 4, 5), ("toy, epoch 1", 3, 1), ("toy, epoch 3", 8, 4), ("toy, epoch 5", 1, 5)],
)
def test_a_fit_that_was_interrupted_goes_on_as_if_it_had_not_been(whole, tmp_path, monkeypatch, task, done, next_epoch):
    monkeypatch.setattr(fitting, "TOLD", 0.0)
    with pytest.raises(Interrupted):
        train(Follow(), SETTINGS, Run(threads=1, checkpoints=tmp_path, on_epoch=stopping(task, done)), "toy")
    again, epochs = Follow(), []
    learned = train(again, SETTINGS, Run(threads=1, checkpoints=tmp_path, on_epoch=epochs.append), "toy")
    same(state(whole[0]), state(again))
    assert learned == whole[1]
    assert [progress.done for progress in epochs if progress.task == "toy"] == list(range(1, 7))
    assert next(progress for progress in epochs if "epoch" in progress.task).task == f"toy, epoch {next_epoch}"


def test_a_finished_fit_leaves_nothing_behind(tmp_path):
    train(Follow(), SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy")
    assert not tmp_path.exists()


def test_a_fit_that_was_killed_goes_on_as_if_it_had_not_been(whole, tmp_path):
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here.parents[1]), "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, str(here / "killed.py"), str(tmp_path)], env=environment)
    until = time.monotonic() + 60
    while time.monotonic() < until and (not (page := tmp_path / "toy.json").exists() or _epoch(page) < 2):
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL
    assert 2 <= _epoch(tmp_path / "toy.json") < 6
    again = Follow()
    assert train(again, SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy") == whole[1]
    same(state(whole[0]), state(again))


def _epoch(page):
    return json.loads(page.read_text())["state"]["epoch"]


def left(folder):
    """What a fit leaves that is stopped after its second epoch."""
    with pytest.raises(Interrupted):
        train(Follow(), SETTINGS, Run(threads=1, checkpoints=folder, on_epoch=stopping("toy", 2)), "toy")
    return folder / "toy.json"


@pytest.mark.parametrize(
    ("task", "settings", "seed", "said"),
    [
        (Follow(seed=6), SETTINGS, 0, "its data is another"),
        (Follow(), Toy(epochs=6, patience=3, rate=0.03), 0, "rate was 0.01 and is 0.03"),
        (Follow(), SETTINGS, 7, "its seed was 0 and is 7"),
    ],
)
def test_a_checkpoint_of_another_fit_is_not_gone_on_with(tmp_path, task, settings, seed, said):
    left(tmp_path)
    with pytest.raises(TrainingError, match=f"{said}.*delete it"):
        train(task, settings, Run(seed=seed, threads=1, checkpoints=tmp_path), "toy")


def test_a_checkpoint_of_another_version_says_so(tmp_path):
    page = left(tmp_path)
    page.write_text(page.read_text().replace('"version": 1', '"version": 9'))
    with pytest.raises(TrainingError, match="has version 9; this release reads 1"):
        train(Follow(), SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy")


@pytest.mark.parametrize("damage", ["page", "arrays", "nothing there"])
def test_a_damaged_checkpoint_says_so(tmp_path, damage):
    page = left(tmp_path)
    arrays = next(tmp_path.glob("*.safetensors"))
    if damage == "page":
        page.write_text(page.read_text()[:-40])
    elif damage == "arrays":
        arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    else:
        arrays.unlink()
    with pytest.raises(TrainingError, match=r"is damaged.*delete it"):
        train(Follow(), SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy")


def test_a_folder_that_takes_no_files_is_told_at_the_first_epoch(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CannotWrite, match="cannot be written"):
        train(Follow(), SETTINGS, Run(threads=1, checkpoints=tmp_path / "file"), "toy")


def test_long_epochs_leave_checkpoints_within_them(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(checkpoints, "MINUTES", 0.0)
    written = []
    monkeypatch.setattr(
        checkpoints.Keeper,
        "write",
        lambda self, state, write=checkpoints.Keeper.write: (
            written.append((state.epoch, state.step)),
            write(self, state),
        ),
    )
    again = Follow()
    train(again, SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy")
    assert (0, 5) in written
    same(state(whole[0]), state(again))


def test_two_fits_keep_their_checkpoints_apart(tmp_path):
    left(tmp_path)
    train(Follow(seed=6), SETTINGS, Run(threads=1, checkpoints=tmp_path), "toy-2")
    assert (tmp_path / "toy.json").exists()
    assert len(list(tmp_path.glob("toy-*.safetensors"))) == 1
