"""Ctrl-C and kill -9 in the middle: what is on disk is whole, and the next run goes on or starts clean."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cli.corner import Answer, events
from regulars.data import Prepared

TESTS = Path(__file__).parents[1]
KILLED = -signal.SIGKILL


@pytest.fixture
def stopped(shop):
    """A command of the shop that stops itself by a signal at a moment."""

    def run(signal_name, moment, *words):
        command = [sys.executable, "-m", "cli.stopped", signal_name, moment, *words]
        env = {**os.environ, **shop.env, "PYTHONPATH": str(TESTS)}
        done = subprocess.run(command, cwd=shop.folder, env=env, capture_output=True, text=True, timeout=120)
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


def dataset(shop):
    return Prepared.load(shop.output / "prepared").dataset


def scratch(shop):
    return [path.name for path in shop.output.rglob(".*")]


@pytest.mark.parametrize("task", ["read events", pytest.param("sort events", marks=pytest.mark.slow)])
def test_ctrl_c_during_check_keeps_the_old_dataset_whole(shop, stopped, task):
    shop.log(events().head(1_000)).ok("check")
    shop.log(events())
    answer = stopped("SIGINT", task, "check")
    assert answer.code == 130
    assert answer.out == ""
    assert answer.err == "stopped; what is on disk is whole, run the same command again to go on\n"
    assert len(dataset(shop)) == 1_000
    assert not scratch(shop)
    assert shop.ok("check", "--json").json["events"] == events().height


@pytest.mark.parametrize(
    ("task", "method"), [("als", "als"), pytest.param("save the model", "item_knn", marks=pytest.mark.slow)]
)
def test_ctrl_c_during_fit_keeps_the_old_model(shop, stopped, task, method):
    shop.ok("fit", "--method", "popularity")
    answer = stopped("SIGINT", task, "fit", "--method", method)
    assert answer.code == 130
    assert "Traceback" not in answer.err
    assert shop.ok("recommend", "--customer", "c-001", "--json").json[0]["source"] == "popularity"
    shop.ok("fit", "--method", method)
    assert shop.ok("recommend", "--customer", "c-001", "--json").json[0]["source"] == method


@pytest.mark.slow
@pytest.mark.parametrize(("task", "words"), [("recommend", ("recommend",)), ("measure the differences", ("compare",))])
def test_ctrl_c_during_recommend_and_compare_leaves_the_old_results(shop, stopped, task, words):
    shop.ok("fit", "--method", "item_knn")
    answer = stopped("SIGINT", task, *words)
    assert answer.code == 130
    assert not (shop.output / "recommendations.parquet").exists()
    assert not (shop.output / "comparison.json").exists()
    shop.ok(*words)


@pytest.mark.parametrize(
    "moment", ["read events", *(pytest.param(f"rename:{n}", marks=pytest.mark.slow) for n in (1, 2))]
)
def test_a_killed_check_leaves_a_dataset_that_is_old_or_new(shop, stopped, moment):
    shop.log(events().head(1_000)).ok("check")
    shop.log(events())
    assert stopped("SIGKILL", moment, "check").code == KILLED
    assert scratch(shop)
    assert shop.ok("check", "--json").json["events"] == len(dataset(shop)) == events().height
    assert not scratch(shop)


@pytest.mark.slow
def test_a_first_check_that_is_killed_starts_clean(shop, stopped):
    assert stopped("SIGKILL", "rename:1", "check").code == KILLED
    assert not (shop.output / "prepared").exists()
    shop.ok("check")
    assert len(dataset(shop)) == events().height
    assert not scratch(shop)


@pytest.mark.parametrize(
    "moment", ["rename:2", *(pytest.param(m, marks=pytest.mark.slow) for m in ("als", "rename:1", "rename:3"))]
)
def test_a_killed_fit_leaves_a_model_that_is_old_or_new(shop, stopped, moment):
    shop.ok("fit", "--method", "popularity")
    assert stopped("SIGKILL", moment, "fit", "--method", "als").code == KILLED
    source = shop.ok("recommend", "--customer", "c-001", "--json").json[0]["source"]
    assert source == ("als" if moment == "rename:3" else "popularity")
    shop.ok("fit", "--method", "als")
    assert shop.ok("recommend", "--customer", "c-001", "--json").json[0]["source"] == "als"
    assert len(list((shop.output / "model").iterdir())) == 2
    assert not scratch(shop)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_a_killed_recommend_leaves_files_that_are_old_or_new(shop, stopped, number):
    shop.ok("fit", "--method", "item_knn")
    shop.ok("recommend", "-k", "3")
    assert stopped("SIGKILL", f"rename:{number}", "recommend").code == KILLED
    assert pl.read_parquet(shop.output / "recommendations.parquet").height == (180 if number == 1 else 300)
    assert pl.read_csv(shop.output / "recommendations.csv").height == 180
    shop.ok("recommend")
    assert pl.read_csv(shop.output / "recommendations.csv").height == 300
    assert not scratch(shop)


def test_ctrl_c_while_the_command_line_is_loaded_shows_no_traceback(tmp_path):
    early = (
        "import os, signal, sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'polars': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from regulars.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", early], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped before anything was done\n")


@pytest.mark.slow
def test_ctrl_c_from_a_terminal_in_the_middle_of_a_large_log(shop):
    random = np.random.default_rng(0)
    n = 3_000_000
    shop.log(
        pl.DataFrame(
            {
                "customer_id": random.integers(100_000, size=n),
                "item_id": random.integers(10_000, size=n),
                "timestamp": random.integers(1_700_000_000, 1_710_000_000, size=n),
            }
        )
    )
    process = shop.start("check")
    until = time.monotonic() + 60
    while not list(shop.output.glob(".prepared.partial-*/made/quarantine.csv")) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not scratch(shop)
    assert not (shop.output / "prepared").exists()
