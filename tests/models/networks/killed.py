"""A fit that takes its time, in a process of its own, to be killed: python killed.py FOLDER."""

import sys
import time
from pathlib import Path

from models.networks.toy import Follow, Toy
from regulars.core import Run
from regulars.models.networks.training import train

if __name__ == "__main__":
    run = Run(threads=1, checkpoints=Path(sys.argv[1]), on_epoch=lambda progress: time.sleep(0.2))
    train(Follow(), Toy(epochs=6, patience=3, rate=0.01), run, "toy")
