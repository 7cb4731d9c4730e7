"""Fitting: one fit of a network on its way, epoch by epoch and step by step."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn

from regulars.core import Longs, Progress, Run
from regulars.core.errors import Interrupted, TrainingError

from ..trained import Trained
from .checkpoints import Keeper, State
from .devices import seed_torch
from .fingerprint import fingerprint
from .precision import precision
from .processes import Processes
from .schedule import share_of_rate
from .weights import Weights

if TYPE_CHECKING:
    from .training import Task

TOLD: Final = 0.2  # seconds between two reports of steps
READ: Final = 16  # steps of an accelerator between two looks at its losses: to look is to wait for it
EXPLODED: Final = 100.0  # times the loss of the first step: no step of a fit that goes well comes near


@dataclass
class Fitting:
    """Changes: the module, the optimizer, the state, and the best weights so far."""

    task: "Task"
    settings: Trained
    run: Run
    name: str
    device: torch.device
    processes: Processes
    state: State = field(default_factory=State)
    best: Weights | None = None
    unread: list[tuple[int, Tensor, int]] = field(default_factory=list)  # step, sum of losses, targets
    told: float = 0.0

    @cached_property
    def module(self) -> nn.Module:
        """The network, where it learns, the same in all processes."""
        module = self.task.module.to(self.device)
        self.processes.share([*module.parameters(), *module.buffers()])
        return module

    @cached_property
    def parameters(self) -> Sequence[nn.Parameter]:
        return [parameter for parameter in self.module.parameters() if parameter.requires_grad]

    @cached_property
    def optimizer(self) -> torch.optim.AdamW:
        rate, decay = self.settings.rate, self.settings.weight_decay
        return torch.optim.AdamW(self.parameters, lr=rate, weight_decay=decay, fused=True)

    @cached_property
    def keeper(self) -> Keeper | None:
        """What writes the checkpoints, if somebody wants them."""
        if self.run.checkpoints is None:
            return None
        settings = json.loads(json.dumps(asdict(self.settings)))
        fit = {"data": fingerprint(vars(self.task)), "settings": settings, "seed": self.run.seed}
        return Keeper(self.run.checkpoints, self.name, fit)

    def learn(self) -> None:
        """All epochs, from wherever an earlier fit was stopped."""
        self._resume()
        try:
            while not self._ended():
                self._epoch()
                if self._due(after_epoch=True):
                    self._keep()
                self._tell_epoch(self.state.epoch)
        except Interrupted:
            self._keep()
            raise

    def finish(self, *, keep: bool = False) -> None:
        """The best weights are in the module and nobody waits for an epoch; keep: the checkpoint stays, at its end."""
        if keep:
            self._keep()
        if self.best is not None:
            self.best.into(self.module)
        self.module.to("cpu").eval()
        if self.processes.first:
            if self.state.epoch < self.settings.epochs:
                self.run.on_epoch(Progress(self.name, self.settings.epochs, self.settings.epochs))
            if self.keeper is not None and not keep:
                self.keeper.remove()

    def _resume(self) -> None:
        """Goes on from where an earlier fit was stopped, if one was, and tells again of its epochs."""
        left = self.keeper.read() if self.processes.first and self.keeper is not None else None
        left = self.processes.same(left)
        if left is None:
            return
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in left.arrays.items()}
        self.module.load_state_dict(_of("weights", tensors))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _of("optimizer", tensors).items():
            place, _, moment = name.partition(".")
            moments.setdefault(int(place), {})[moment] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": moments})
        if best := _of("best", tensors):
            self.best = Weights(tuple(best), tuple(tensor.numpy() for tensor in best.values()))
        left.arrays = {}
        self.state = left
        for epoch in range(left.epoch):
            self._tell_epoch(epoch + 1)

    def _ended(self) -> bool:
        state, patience = self.state, self.settings.patience
        late = bool(patience and state.best and state.epoch - state.best >= patience)
        return late or state.epoch >= self.settings.epochs

    def _epoch(self) -> None:
        state, seed = self.state, self.run.seed
        self.module.train()
        steps = list(self.task.steps(np.random.default_rng([seed, state.epoch])))
        for step in range(state.step, len(steps)):
            self._step(steps[step], (step + 1) / len(steps))
            state.step = step + 1
            self._tell_step(len(steps))
            if self._due(after_epoch=False):
                self._keep()
        self._read()
        state.losses.append(state.total / max(state.targets, 1))
        state.epoch, state.step, state.total, state.targets = state.epoch + 1, 0, 0.0, 0
        if self.settings.patience:
            self._judge()

    def _step(self, examples: Longs, part: float) -> None:
        state, settings = self.state, self.settings
        random = np.random.default_rng([self.run.seed, state.epoch, state.step, self.processes.rank])
        seed_torch(self.device, int(random.integers(1 << 62)))
        progress = (state.epoch + part) / settings.epochs
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate * share_of_rate(progress, settings.schedule, settings.warmup)
        self.optimizer.zero_grad(set_to_none=True)
        loss, targets = self._gradients(self.processes.part(examples), random)
        nn.utils.clip_grad_norm_(self.parameters, settings.clip)
        self.optimizer.step()
        self.unread.append((state.step + 1, loss, targets))
        if len(self.unread) >= (1 if self.device.type == "cpu" else READ):
            self._read()

    def _gradients(self, examples: Longs, random: np.random.Generator) -> tuple[Tensor, int]:
        """Leaves the gradient of the mean loss in the parameters; the sum of the losses and the number of targets."""
        summed, targets = torch.zeros((), device=self.device), 0
        if len(examples):
            with precision(self.device, self.settings.precision):
                summed, targets = self.task.loss(examples, random)
        if self.processes.size == 1:
            (summed / max(targets, 1)).backward()  # type: ignore[no-untyped-call]
            return summed.detach(), targets
        if summed.requires_grad:
            summed.backward()  # type: ignore[no-untyped-call]
        loss, targets = self.processes.add(self.parameters, summed.detach(), targets)
        for parameter in self.parameters:
            if parameter.grad is not None:
                parameter.grad /= max(targets, 1)
        return loss, targets

    def _read(self) -> None:
        """Looks at the losses of the last steps. Raises TrainingError when there is no way back from one."""
        if not self.unread:
            return
        state, sums = self.state, torch.stack([loss for _, loss, _ in self.unread]).tolist()
        for (step, _, targets), summed in zip(self.unread, sums, strict=True):
            mean = summed / max(targets, 1)
            if state.first is None and targets:
                state.first = mean
            if not abs(mean) <= EXPLODED * max(abs(state.first or 0.0), 0.01):
                self._diverged(step, mean)
            state.total += summed
            state.targets += targets
        self.unread.clear()

    def _diverged(self, step: int, mean: float) -> None:
        settings, warmup = self.settings, max(2 * self.settings.warmup, 0.05)
        raise TrainingError(
            f"{self.name}: the loss diverged to {mean:.4g} in epoch {self.state.epoch + 1} at step {step} (it began at "
            f"{self.state.first:.4g}). Try a lower rate ({settings.rate / 5:.2g} instead of {settings.rate:.2g}), a "
            f"longer warmup ({warmup:.2g} instead of {settings.warmup:.2g}) or a shorter clip ({settings.clip / 5:.2g} "
            f"instead of {settings.clip:.2g})"
        )

    def _judge(self) -> None:
        state, figure = self.state, math.nan
        if self.processes.first:
            self.module.eval()
            with torch.no_grad():
                figure = self.task.judge()
        figure = self.processes.same(figure)
        state.figures.append(figure)
        if not math.isnan(figure) and (not state.best or figure > state.figures[state.best - 1]):
            state.best, self.best = state.epoch, Weights.of(self.module)

    def _tell_epoch(self, epoch: int) -> None:
        """How epoch number `epoch`, from 1, went."""
        figures = [("loss", self.state.losses[epoch - 1])]
        if self.state.figures and not math.isnan(self.state.figures[epoch - 1]):
            figures.append((self.task.figure, self.state.figures[epoch - 1]))
        if self.processes.first:
            self.run.on_epoch(Progress(self.name, epoch, self.settings.epochs, tuple(figures)))

    def _tell_step(self, steps: int) -> None:
        state, now = self.state, time.monotonic()
        last = state.step == steps
        if self.processes.first and (now - self.told >= TOLD or last):
            self.told = now
            loss = state.total / max(state.targets, 1)
            self.run.on_epoch(
                Progress(f"{self.name}, epoch {state.epoch + 1}", state.step, steps, (("loss so far", loss),))
            )

    def _due(self, *, after_epoch: bool) -> bool:
        return self.processes.first and self.keeper is not None and self.keeper.due(after_epoch=after_epoch)

    def _keep(self) -> None:
        """Writes where the fit is, if somebody wants it."""
        if self.keeper is None or not self.processes.first:
            return
        self._read()
        arrays = {f"weights.{name}": _array(tensor) for name, tensor in self.module.state_dict().items()}
        for place, moments in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{place}.{name}": _array(tensor) for name, tensor in moments.items()}
        if self.best is not None:
            arrays |= {f"best.{name}": array for name, array in zip(self.best.names, self.best.arrays, strict=True)}
        self.state.arrays = arrays
        self.keeper.write(self.state)
        self.state.arrays = {}


def _array(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def _of(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with that word, by the rest of their names."""
    return {name.removeprefix(f"{part}."): tensor for name, tensor in tensors.items() if name.startswith(f"{part}.")}
