"""Devices: the one that was asked for, or an error that names those that are there; and how many threads work."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from regulars.core.errors import TrainingError


def device_of(name: str, place: int = 0) -> torch.device:
    """The torch device of that name. "cuda" in one of several processes is the GPU of its `place` on this machine.

    Raises TrainingError when it is none, or is not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda", "mps", "xpu"):
        raise TrainingError(f"{name!r} is no device; {_there()}")
    if name == "cuda" and torch.cuda.device_count():
        device = torch.device("cuda", place % torch.cuda.device_count())
    if device.type != "cpu" and str(device) not in devices() and device.type not in devices():
        raise TrainingError(f"the device {name!r} is not there; {_there()}")
    return device


def devices() -> tuple[str, ...]:
    """The devices of this machine by name."""
    found = ["cpu", *(f"cuda:{place}" for place in range(torch.cuda.device_count()))]
    found += ["mps"] if torch.backends.mps.is_available() else []
    return (*found, *(f"xpu:{place}" for place in range(torch.xpu.device_count())))


def _there() -> str:
    cuda = "" if torch.version.cuda else ", and this build of torch has no CUDA"
    return f"on this machine there is {' and '.join(devices())}{cuda}. Leave the device out to learn on the CPU"


def seed_torch(device: torch.device, seed: int) -> None:
    """Seeds what this device draws by; torch.manual_seed takes half a step of a small network to reach all devices."""
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """So many threads of torch while it lasts; 0 leaves as many as there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
