"""What Optuna does for us, known to no other module: proposing settings, stopping trials, keeping them in a file."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from regulars.core.errors import CannotWrite, MissingExtra, StudyError
from regulars.core.settings import Value
from regulars.evaluation.cost import Cost

try:
    import optuna
    import sqlalchemy.engine
    import sqlalchemy.exc
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages import RDBStorage
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial, TrialState, create_trial
except ImportError as error:
    raise MissingExtra(str(error.name), "tune") from error

from .space import Axis
from .trial import State, Trial

FORMAT: Final = 1  # of what a study file keeps beside Optuna's own tables
FIRST: Final = 5  # trials of a method before the search uses what it has seen, and before any is stopped early
NEAR: Final = 0.5  # of the proposals are near the best trial so far
KEPT: Final = 0.7  # of its settings are kept in those
_PLACE: Final = "regulars"  # where a study of Optuna keeps what it belongs to
_UNLIKE: Final = {  # what differs where a checksum does
    "checksum": "the same size, other events",
    "attributes": "other attributes of items or customers, or vectors of their texts and pictures by another encoder",
}
_STATES: Final = {State.DONE: TrialState.COMPLETE, State.PRUNED: TrialState.PRUNED, State.FAILED: TrialState.FAIL}

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass
class Searcher:
    """Proposes the points of one method: those that were good so far have more to say with every trial.

    Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011); half of the proposals, and the first ones, take
    most settings from the best trial so far, since defaults are good and a method has many settings. What it proposes
    depends on the seed and on the trials that it was told of alone, so that a study that was stopped goes on as if it
    had not been.
    """

    axes: Sequence[Axis]
    seed: int
    direction: int = field(default=1, kw_only=True)  # 1 where more is better, -1 where less is
    seen: int = field(default=0)
    asked: int = field(default=0)  # since the last trial
    best: Trial | None = field(default=None)

    def tell(self, trial: Trial) -> None:
        """A trial that was made. One that failed counts as bad, so that its neighborhood is left alone."""
        self.seen, self.asked = self.seen + 1, 0
        if all(axis.holds(trial.settings[axis.name]) for axis in self.axes):
            self._study.add_trial(_frozen(trial, self.axes, TrialState.COMPLETE if trial.done else TrialState.PRUNED))
            if trial.done and (self.best is None or self.direction * (trial.value - self.best.value) > 0):
                self.best = trial

    def ask(self) -> dict[str, Value]:
        """The next values to try."""
        self.asked += 1
        random = np.random.default_rng([self.seed, self.seen, self.asked])
        self._study.sampler = self._sampler(int(random.integers(2**32)))
        trial = self._study.ask(self._distributions)
        self._study.tell(trial, state=TrialState.FAIL)  # what becomes of it is told when it is known
        return self._near_the_best({axis.name: axis.value(trial.params[axis.name]) for axis in self.axes}, random)

    def _near_the_best(self, values: dict[str, Value], random: np.random.Generator) -> dict[str, Value]:
        """Some proposals as they are, others with most of the settings of the best trial so far."""
        if self.best is None or (self.seen >= FIRST and random.random() >= NEAR):
            return values
        kept = random.random(len(self.axes)) < KEPT
        kept[random.integers(len(kept))] = False
        best = self.best.settings
        return {
            axis.name: best[axis.name] if keep else values[axis.name]
            for axis, keep in zip(self.axes, kept, strict=True)
        }

    def hopeless(self, rung: int, value: float) -> bool:
        """Whether a trial with this value at a rung should be stopped: it is worse than the median of the others."""
        trial = self._study.ask()
        trial.report(value, rung)
        stopped = trial.should_prune()
        self._study.tell(trial, state=TrialState.FAIL)
        return stopped

    def importance(self) -> dict[str, float]:
        """How much each setting matters for being among the best tenth, in parts of 1 (Watanabe et al., IJCAI 2023)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {name: float(part) for name, part in found.items()}

    @cached_property
    def _study(self) -> optuna.Study:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST, n_min_trials=FIRST)
        return optuna.create_study(direction=_towards(self.direction), pruner=pruner)

    @cached_property
    def _distributions(self) -> dict[str, BaseDistribution]:
        return {axis.name: _distribution(axis) for axis in self.axes}

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.TPESampler(n_startup_trials=FIRST, multivariate=True, seed=seed)


@dataclass(frozen=True)
class StudyFile:
    """The trials of a study in a SQLite file, which Optuna's own tools read too; one study of Optuna for each space.

    identity: what the trials belong to, see `Course.identity`; direction: 1 where more is better, -1 where less is.
    A trial is written when it is finished, at once or not at all; so whenever the work is stopped or killed, the file
    holds what was finished before.
    """

    path: Path
    identity: Mapping[str, Any]
    direction: int = 1

    def trials(self) -> list[Trial]:
        """All trials of the file, in their order. Raises StudyError when it belongs to something else."""
        found = []
        for name in self._names():
            study = self._opened(name)
            self._check(study.user_attrs.get(_PLACE), name)
            found += [_thawed(trial, study.user_attrs[_PLACE]["method"]) for trial in study.get_trials(deepcopy=False)]
        return sorted(found, key=lambda trial: trial.number)

    def add(self, trial: Trial, axes: Sequence[Axis]) -> None:
        """Keeps a finished trial. Raises CannotWrite."""
        space = json.dumps([asdict(axis) for axis in axes])
        try:
            if (trial.method, space) not in self._known:
                self._known[trial.method, space] = self._for(trial.method, axes)
            study = self._known[trial.method, space]
            study.add_trial(_frozen(trial, axes, _STATES[trial.state]))
        except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise CannotWrite(
                f"{self.path} does not take the trial: {error}. Make room, or choose another file"
            ) from error

    def _for(self, method: str, axes: Sequence[Axis]) -> optuna.Study:
        """The study of a method and its space; narrowed otherwise, a method begins another one in the same file."""
        space = [asdict(axis) for axis in axes]
        belongs = {"format": FORMAT, "identity": dict(self.identity), "method": method, "space": space}
        known = json.loads(json.dumps(belongs))
        names = [name for name in self._names() if name == method or name.startswith(f"{method} (")]
        for name in names:
            study = self._opened(name)
            if study.user_attrs.get(_PLACE) == known:
                return study
        name = f"{method} ({len(names) + 1})" if names else method
        study = optuna.create_study(storage=self._storage, study_name=name, direction=_towards(self.direction))
        study.set_user_attr(_PLACE, belongs)
        return study

    def _opened(self, name: str) -> optuna.Study:
        return optuna.load_study(storage=self._storage, study_name=name)

    def _names(self) -> list[str]:
        try:
            return optuna.get_all_study_names(self._storage)
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise StudyError(f"{self.path} is no study: {_first_line(error)}. Choose another file") from error

    @cached_property
    def _known(self) -> dict[tuple[str, str], optuna.Study]:
        return {}

    @cached_property
    def _storage(self) -> RDBStorage:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return RDBStorage(_address(self.path))
        except OSError as error:
            raise CannotWrite(f"{self.path.parent} cannot be made: {error.strerror}. Choose another file") from error
        except (sqlalchemy.exc.SQLAlchemyError, RuntimeError) as error:
            raise StudyError(f"{self.path} is no study: {_first_line(error)}. Choose another file") from error

    def _check(self, kept: Mapping[str, Any] | None, name: str) -> None:
        if kept is None or kept.get("format") != FORMAT:
            raise StudyError(f"{self.path} holds the study {name!r}, which Regulars did not make; choose another file")
        theirs = kept["identity"]
        own = json.loads(json.dumps(dict(self.identity)))
        if theirs == own:
            return
        differ = [f"{key} {theirs.get(key)}, now {own[key]}" for key in own if theirs.get(key) != own[key]]
        unlike = [words for key, words in _UNLIKE.items() if theirs.get(key) != own[key]]
        told = [line for line in differ if line.split()[0] not in _UNLIKE] or unlike
        raise StudyError(
            f"{self.path} is a study of other data or another question: {'; '.join(told)}. "
            "Choose another study file (--study), or begin this one anew (--fresh)"
        )


def _towards(direction: int) -> StudyDirection:
    return StudyDirection.MAXIMIZE if direction > 0 else StudyDirection.MINIMIZE


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.choices:
        return CategoricalDistribution(axis.choices)
    if axis.whole:
        return IntDistribution(round(axis.bottom), round(axis.top), log=axis.log)
    return FloatDistribution(axis.bottom, axis.top, log=axis.log)


def _frozen(trial: Trial, axes: Sequence[Axis], state: TrialState) -> FrozenTrial:
    """A trial as Optuna keeps it."""
    return create_trial(
        params={axis.name: axis.point(trial.settings[axis.name]) for axis in axes},
        distributions={axis.name: _distribution(axis) for axis in axes},
        value=trial.value if state == TrialState.COMPLETE else None,
        state=state,
        intermediate_values=dict(enumerate(trial.rungs.values())),
        user_attrs=trial.as_dict(),
    )


def _thawed(kept: FrozenTrial, method: str) -> Trial:
    """A trial from what `_frozen` made of it."""
    told = kept.user_attrs
    return Trial(
        told["number"],
        method,
        told["settings"],
        State(told["state"]),
        float(told["value"]),
        {float(share): value for share, value in told["rungs"].items()},
        Cost(told["seconds"], told["cpu_seconds"], told["peak_mb"]),
        told["reason"],
    )


def _address(path: Path) -> str:
    """The address of a file of any name, signs that mean something in an address among them."""
    quoted = f"sqlite:///{quote(str(path))}"
    read = sqlalchemy.engine.make_url(quoted).database  # SQLAlchemy before 2.1 takes it as it stands
    return quoted if read == str(path) else f"sqlite:///{path}"


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
