"""Processes: several of them learn one network together, each from its part of every step's examples."""

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from regulars.core import Longs

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """Which process this is, from 0, of how many. One alone needs no others."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this one judges, tells of progress and writes."""
        return self.rank == 0

    def part(self, examples: Longs) -> Longs:
        """What this process learns from in a step."""
        return examples[self.rank :: self.size]

    def add(self, parameters: Sequence[nn.Parameter], loss: Tensor, targets: int) -> tuple[Tensor, int]:
        """Adds up the gradients, the loss and the number of targets of all processes; a missing gradient is 0.

        One collective of as many floats as there are parameters. Alone it changes nothing.
        """
        if self.size == 1:
            return loss, targets
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        told = torch.stack([loss.float(), loss.new_tensor(targets, dtype=torch.float32)])
        flat = torch.cat([told, *(gradient.float().ravel() for gradient in gradients)])
        dist.all_reduce(flat)
        begin = len(told)
        for gradient in gradients:
            gradient.copy_(flat[begin : begin + gradient.numel()].view_as(gradient))
            begin += gradient.numel()
        return flat[0], int(flat[1])

    def share(self, tensors: Sequence[Tensor]) -> None:
        """Gives every process what the first one has in these tensors."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.data, src=0)

    def same(self, value: T) -> T:
        """The value that the first process has."""
        box = [value]
        if self.size > 1:
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
        return box[0]


ALONE = Processes()


def place() -> int:
    """Which of the processes of this machine this is, as `torchrun` says; 0 when it says nothing."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def joined(device: torch.device) -> Processes:
    """This process among those that `torchrun` started, as its environment says; alone when it says nothing.

    GPUs talk through NCCL, all else through gloo. The group stays until the process ends, for the fits that follow: to
    meet anew at the same address is a race. A group that is there already is used.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 and not dist.is_initialized():
        return ALONE
    if not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(dist.destroy_process_group)
    return Processes(dist.get_rank(), dist.get_world_size())
