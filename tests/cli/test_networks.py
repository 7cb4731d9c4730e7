"""Networks at the command line: a fit that was killed goes on, and the report shows how it learned."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.corner import TABLES, Answer

TESTS = Path(__file__).parents[1]
NETWORK = (
    TABLES
    + """\
[split]
days = 20
[methods.popularity]
[methods.quick]
method = "mult_dae"
epochs = 5
patience = 2
"""
)


@pytest.fixture
def deep(shop):
    """A shop whose method is a network."""
    return shop.write(NETWORK, rest=False)


def killed(shop, *words):
    """A fit that is killed without a word after its second epoch."""
    command = [sys.executable, "-m", "cli.stopped", "SIGKILL", "mult_dae", *words]
    env = {**os.environ, **shop.env, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, cwd=shop.folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def arrays(shop):
    return next((shop.output / "model").glob("arrays-*")).name  # the name is a checksum of the content


FIT = ("fit", "--method", "quick", "--threads", "1")


@pytest.mark.slow
def test_a_fit_that_was_killed_goes_on_and_learns_the_same_model(deep):
    deep.ok(*FIT)
    whole = arrays(deep)
    (deep.output / "model" / whole).unlink()
    killed(deep, *FIT)
    assert (deep.output / "checkpoints" / "quick" / "mult_dae.json").exists()
    assert "going on with quick, whose last fit was stopped" in deep.ok(*FIT).said
    assert arrays(deep) == whole
    assert not (deep.output / "checkpoints").exists()


@pytest.mark.slow
def test_what_was_left_by_other_settings_is_told_and_can_be_dropped(deep):
    killed(deep, *FIT)
    deep.write(NETWORK.replace("epochs = 5", "epochs = 6"), rest=False)
    answer = deep.run(*FIT)
    assert answer.code != 0
    assert "is of another fit: epochs was 5 and is 6" in answer.said
    assert "regulars fit --fresh" in answer.said
    assert "going on" not in deep.ok(*FIT, "--fresh").said


@pytest.mark.parametrize("where", ["option", "file"])
def test_a_device_that_is_not_there_is_told(deep, where):
    if where == "file":
        deep.write('device = "cuda:71"\n' + NETWORK, rest=False)
    answer = deep.run(*FIT, *(("--device", "cuda:71") if where == "option" else ()))
    assert answer.code != 0
    assert "the device 'cuda:71' is not there; on this machine there is cpu" in answer.said


@pytest.mark.slow
def test_the_report_shows_how_a_network_learned(deep):
    for words in (("compare",), FIT, ("recommend",), ("report",)):
        deep.ok(*words)
    page = (deep.output / "report.html").read_text()
    assert "How the networks learned" in page
    assert "Loss for each target of quick. It learned" in page
