"""The same customers' and items' vectors for every contender: implicit's ALS, fitted once and kept."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import pairs
from benchmarks.measure import threads

SETTINGS = {64: (20.0, 40.0), 128: (50.0, 60.0), 256: (150.0, 150.0)}  # width: regularization, alpha
ITERATIONS = 12


def path(data: str, width: int) -> Path:
    """A file of `users` [n, width] and `items` [m, width], float32; made where it is not there yet."""
    file = Path(tempfile.gettempdir()) / "regulars-benchmarks" / f"{data}-als-{width}.npz"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        _fit(data, width, file)
    return file


def load(file: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The vectors of the customers and of the items."""
    with np.load(file) as arrays:
        return arrays["users"], arrays["items"]


def _fit(data: str, width: int, file: Path) -> None:
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    regularization, alpha = SETTINGS[width]
    threadpool_limits(1, "blas")  # implicit's threads are its own
    model = AlternatingLeastSquares(
        factors=width,
        regularization=regularization,
        alpha=alpha,
        iterations=ITERATIONS,
        random_state=0,
        num_threads=threads(),
        use_gpu=False,
    )
    model.fit(pairs(data).known, show_progress=False)
    np.savez(file, users=model.user_factors, items=model.item_factors)
