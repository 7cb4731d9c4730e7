"""Peers whose requirements conflict with ours get an environment of their own in the folder REGULARS_PEERS."""

import subprocess
import venv
from pathlib import Path

from rich.console import Console

# One list of installations for each peer: arguments of pip, one after another
ENVIRONMENTS = {
    # asks for numpy < 2; torch is pinned for its build without CUDA
    "rectools": [["rectools==0.19.0", "polars>=1.20"], ["torch==2.13.0", "pytorch-lightning>=2,<3"]],
    # pins ray 2.6.3 and more that evaluating a model never imports; torch is pinned for its build without CUDA
    "recbole": [
        ["torch==2.13.0", "numpy<2", "scipy<1.14", "pandas<2.3", "polars>=1.20", "setuptools<80"],
        ["scikit-learn", "tqdm", "colorlog", "colorama", "pyyaml", "tensorboard", "texttable"],
        ["--no-deps", "recbole==1.2.1"],
    ],
    "lenskit": [["torch==2.13.0", "pandas<3", "polars>=1.20", "scikit-learn", "lenskit==2025.8.1"]],
}


def install(name: str, folder: Path, screen: Console) -> int:
    """Makes the environment of a peer in folder/name, afresh where it is broken; 0, or 1 where pip failed."""
    home = folder / name
    screen.print(f"{name}: installing into {home}")
    venv.create(home, with_pip=True)
    for wanted in ENVIRONMENTS[name]:
        if subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", *wanted]).returncode:
            screen.print(f"{name}: pip failed; what needs this peer will report it as absent")
            return 1
    return 0
