"""Progress bars: whoever waits for more than two seconds sees what is being done and how far it has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from regulars.core import Progress as Step
from regulars.core import Run

from .console import err

_WAIT = 2.0  # seconds before a bar appears; what ends sooner needs none
_PACE = 1_800.0  # seconds by whose steps the rest is foretold: an epoch of a network may take many minutes


@contextmanager
def watched(*, quiet: bool, seed: int = 0, threads: int = 0, device: str = "cpu") -> Iterator[Run]:
    """A Run whose work draws bars on the error stream, if that is a terminal."""
    if quiet or not err.is_terminal:
        yield Run(seed=seed, threads=threads, device=device)
        return
    bars = _Bars()
    with Live(get_renderable=bars.late, console=err, refresh_per_second=8, transient=True):
        yield Run(seed=seed, threads=threads, device=device, on_epoch=bars)


@contextmanager
def stage(run: Run, task: str) -> Iterator[None]:
    """A piece of work that cannot tell how far it is."""
    run.on_epoch(Step(task, 0, 1))
    yield
    run.on_epoch(Step(task, 1, 1))


class _Left(ProgressColumn):
    """The time that is left, once the pace is known."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        return Text("" if left is None else f"{timedelta(seconds=int(left))} left", style="progress.remaining")


def _drawn() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        _Left(),
        TextColumn("{task.fields[figures]}"),
        console=err,
        auto_refresh=False,
        speed_estimate_period=_PACE,
    )


@dataclass
class _Bars:
    """One bar for each task that goes on; tasks come and go as the work tells of them."""

    progress: Progress = field(default_factory=_drawn)
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def __call__(self, step: Step) -> None:
        total = step.total if step.total > 1 else None
        if step.task not in self.tasks:
            self.tasks[step.task] = self.progress.add_task(step.task, total=total, figures="")
        if step.done >= step.total:
            self.progress.remove_task(self.tasks.pop(step.task))
            return
        figures = "  ".join(f"{name} {value:,.4g}" for name, value in step.figures)
        self.progress.update(self.tasks[step.task], completed=step.done, total=total, figures=figures)

    def late(self) -> RenderableType:
        """The bars of the tasks that have lasted long enough."""
        tasks = [task for task in self.progress.tasks if (task.elapsed or 0.0) >= _WAIT]
        return self.progress.make_tasks_table(tasks) if tasks else Group()
