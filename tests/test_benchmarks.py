"""The benchmarks' own machinery: turns, absent peers and the command line, with work that takes no time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HERE = "tests.test_benchmarks"  # as the contenders, who start in ROOT, find it


def job(megabytes):
    return lambda: bytearray(megabytes << 20), lambda made: {"megabytes": len(made) / 2**20}


def broken():
    raise ValueError("nothing to work on")


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setenv("REGULARS_BENCHMARKS_REPEAT", "2")
    import benchmarks.measure

    return benchmarks.measure


def test_contenders_take_turns_and_who_is_absent_says_why(measure):
    contenders = [
        measure.Contender("quick", f"{HERE}:job", {"megabytes": 64}),
        measure.Contender("missing", f"{HERE}:job", python=None),
        measure.Contender("failing", f"{HERE}:broken"),
    ]
    figures = {figure.peer: figure for figure in measure.race("allocate", "nothing", contenders)}
    quick = figures["quick"]
    assert quick.quality == {"megabytes": 64.0}
    assert len(quick.further["turns"]) == 2
    assert quick.peak_mb > 64
    assert json.loads(quick.line())["peer"] == "quick"
    assert "setup" in figures["missing"].further["absent"]
    assert figures["failing"].further["absent"] == "ValueError: nothing to work on"
    assert figures["failing"].seconds is None


def test_an_unknown_benchmark_is_refused_with_the_known_ones():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no benchmark nothing; there are als, topk" in done.stderr


def test_every_combination_of_demand_has_members_that_stand_alone_too(measure):
    from benchmarks.demand import TASKS

    for name, task in TASKS.items():
        assert set(task.combined) <= set(task.ways), name
