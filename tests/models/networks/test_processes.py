"""Several processes: two that torchrun starts learn what one learns."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.networks.several import SETTINGS, fitted
from models.networks.toy import Follow, Plain
from regulars.core import Run
from regulars.core.errors import Interrupted
from regulars.models.networks.training import train

pytestmark = pytest.mark.slow  # three processes load torch


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two processes learned; the third fit goes on from where one process had stopped."""
    folder = tmp_path_factory.mktemp("two")

    def stop(progress):
        if progress.task == "toy" and progress.done == 3:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        train(Plain(), SETTINGS, Run(threads=1, checkpoints=folder / "kept", on_epoch=stop), "toy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here.parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launch, "--master-port", port, str(here / "several.py"), str(folder)]
    subprocess.run(command, env=environment, check=True, timeout=300, capture_output=True)
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(2)]


def test_two_processes_learn_what_one_learns(two):
    alone = fitted(Plain())
    np.testing.assert_allclose(two[0]["plain"]["weights"], alone["weights"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(two[0]["plain"]["losses"], alone["losses"], rtol=1e-5)
    assert two[0]["plain"]["figures"] == alone["figures"]


def test_what_is_drawn_differs_and_the_result_is_within_noise(two):
    alone = fitted(Follow())
    assert two[0]["drawn"]["weights"] != alone["weights"]
    assert two[0]["drawn"]["losses"][-1] == pytest.approx(alone["losses"][-1], rel=0.1)


def test_all_processes_end_with_the_same_weights_and_figures(two):
    for name in two[0]:
        assert {**two[0][name], "told": 0} == {**two[1][name], "told": 0}


def test_only_the_first_process_tells_of_progress(two):
    assert two[0]["plain"]["told"] > 0
    assert two[1]["plain"]["told"] == 0


def test_a_fit_that_one_process_began_is_gone_on_with_by_two(two):
    np.testing.assert_allclose(two[0]["gone on"]["weights"], two[0]["plain"]["weights"], rtol=1e-4, atol=1e-5)
    assert two[0]["gone on"]["told"] < two[0]["plain"]["told"]
