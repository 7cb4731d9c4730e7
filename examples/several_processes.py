"""One network that several processes learn together, and that goes on where it was when it is stopped.

    torchrun --standalone --nproc-per-node 2 examples/several_processes.py orders.csv model

On one machine, each process takes its part of every step; with device="cuda" each takes a GPU. Started without torchrun
it is one process, which learns the same within rounding and chance. Run it again after a kill: it goes on.
"""

import os
import sys
from pathlib import Path

import polars as pl

from regulars import Dataset, MultDAE, Run, save

FIRST = os.environ.get("RANK", "0") == "0"  # every process learns the same model; one of them writes it


def main(orders: str, folder: str) -> None:
    log = pl.read_csv(orders).drop_nulls()
    shop = Dataset.of(log.with_columns(time=pl.col("timestamp").str.to_datetime().dt.epoch("s")))

    def told(progress):
        figures = "  ".join(f"{name} {value:.4f}" for name, value in progress.figures)
        print(f"{progress.task} {progress.done}/{progress.total}  {figures}")

    run = Run(on_epoch=told, checkpoints=Path(folder) / "checkpoints")  # the first process alone tells and keeps
    model = MultDAE(factors=32, epochs=5).fit(shop, run)
    if FIRST:
        save(model, folder, shop.items)
        print(f"the model is in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
