"""From a dataset to fitted towers: what is read, what are examples, what is withheld, and the model at the end."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import torch

from regulars.core import DAY, MISSING, Bools, Dataset, Floats, Frame, Run, floats
from regulars.core.errors import EmptyData, MissingColumn, SettingError
from regulars.features import Inputs

from ..explicit import RATING
from ..kinds.factors import Factors
from ..withheld import Withheld
from .examples import Examples
from .frequencies import Counted, Frequencies, Streaming
from .tower_encoder import TowerEncoder, readable, vectors_of
from .tower_task import Tables, TowerTask
from .towers import Towers, TowerShape
from .training import train
from .weights import Weights

if TYPE_CHECKING:
    from ..two_tower import TwoTower

BLOCK = 100_000  # examples whose histories are looked at together
LEARNING = ("ids.", "frequencies.")  # what only learning needs: a fitted model has the vectors of its items


class Ratings(NamedTuple):
    """Mean and deviation of ratings, and the code of the kind of event that rates, MISSING if all do."""

    mean: float = 0.0
    unit: float = 0.0
    rated: int = MISSING


NONE: Final = Ratings()


def learned(settings: "TwoTower", data: Dataset, run: Run, *, ratings: Ratings = NONE) -> Factors:
    """The fitted model; ratings: those that are to be foretold, if any.

    Raises EmptyData when no event can be an example, MissingColumn for a column that is named and not there.
    """
    shape = _shape(settings, data, ratings)
    if not _targets(settings, data).any():
        raise EmptyData("TwoTower needs events with a positive weight (or, to foretell ratings, any ratings)")
    withheld, weighed = _withheld(settings, data, _targets(settings, data), run)
    known = withheld.known
    tables = _tables(shape, known)
    examples = _examples(settings, known, shape, tables)
    with torch.random.fork_rng():
        torch.manual_seed(run.seed)
        module = Towers(shape, learning=True, frequencies=_frequencies(settings, examples))
    task = TowerTask(
        module,
        settings,
        examples,
        _weights(settings, examples),
        tables,
        withheld=withheld,
        weighed=weighed,
    )
    train(task, settings, run, "two_tower")
    if module.history is not None:
        with torch.no_grad():
            module.history.weight[torch.from_numpy(~tables.met)] = 0
    vectors = vectors_of(module, tables.items, tables.met)
    return Factors("two_tower", data.n_items, vectors, TowerEncoder(shape, _of_fitted(Weights.of(module))))


def _shape(settings: "TwoTower", data: Dataset, ratings: Ratings) -> TowerShape:
    customers = data.user_features
    if customers.width:  # who did nothing teaches nothing
        customers = customers.filter(np.diff(data.starts) > 0)
    return TowerShape(
        data.n_items,
        len(data.kinds),
        settings.factors,
        settings.embedding,
        settings.hidden,
        (settings.query_layers, settings.item_layers),
        settings.activation,
        settings.shared,
        settings.cosine,
        settings.temperature,
        settings.half_life_days,
        settings.newest,
        settings.longest,
        settings.clock,
        settings.utc_offset_hours,
        settings.objective != "retrieval",
        *ratings,
        items=_inputs(data.item_features, settings.item_columns, "the table of items"),
        customers=_inputs(customers, settings.customer_columns, "the table of customers"),
        context=_inputs(data.context, settings.context_columns, "the log") if settings.context_columns else Inputs(),
    )


def _inputs(frame: Frame, columns: tuple[str, ...], table: str) -> Inputs:
    lost = [name for name in columns if name not in frame.columns]
    if lost:
        raise MissingColumn(f"TwoTower names the columns {lost}; {table} has {frame.columns}")
    return Inputs.learn(frame, columns=columns)


def _tables(shape: TowerShape, known: Dataset) -> Tables:
    met = np.zeros(known.n_items, dtype=np.bool_)
    met[readable(shape, known.histories(), np.ones(known.n_items, dtype=np.bool_)).items] = True
    return Tables(
        shape.items.encode(known.item_features, known.n_items),
        shape.customers.encode(known.user_features, known.n_users),
        shape.context.encode(known.context, len(known)),
        met,
    )


def _targets(settings: "TwoTower", data: Dataset) -> Bools:
    """The events that are answers; bool [n_events]."""
    lost = sorted(set(settings.kinds) - set(data.kinds))
    if lost:
        raise SettingError(f"TwoTower: kinds must be of {list(data.kinds)}, which the events have; {lost} are not")
    rating = settings.objective == "rating"
    named = settings.kinds or ((RATING,) if rating and RATING in data.kinds else data.kinds)
    answers: Bools = np.isin(data.kind, [data.kinds.index(kind) for kind in named])
    return answers if rating else answers & (data.weight > 0)


def _withheld(settings: "TwoTower", data: Dataset, targets: Bools, run: Run) -> tuple[Withheld, Floats]:
    """What training does not see, asked for in its context, and what those events weighed."""
    share = settings.validation if settings.patience else 0.0
    withheld = Withheld.of(data, share, run.random(), eligible=targets)
    asked = zip(withheld.queries.users, withheld.queries.times, withheld.targets, strict=True)
    places = np.array([_event(data, *one) for one in asked], dtype=np.int64)
    if settings.context_columns:
        context = data.context.select(settings.context_columns)[places]
        withheld = replace(withheld, queries=replace(withheld.queries, context=context))
    return withheld, data.weight[places]


def _event(data: Dataset, user: int, time: int, item: int) -> int:
    """The position of what a customer did with an item in the second before `time`."""
    begin, end = data.starts[user : user + 2]
    found = np.flatnonzero((data.time[begin:end] == time - 1) & (data.item[begin:end] == item))
    return int(begin + found[-1])


def _examples(settings: "TwoTower", data: Dataset, shape: TowerShape, tables: Tables) -> Examples:
    """The events that something is known to ask about with. Raises EmptyData when there are none."""
    examples = Examples.of(data, _targets(settings, data), settings.longest, rest=settings.examples == "rest")
    told = tables.context.told[examples.events] | tables.customers.told[data.user[examples.events]]
    for start in range(0, len(examples), BLOCK):
        some = np.arange(start, min(start + BLOCK, len(examples)))
        told[some] |= readable(shape, examples.histories(some), tables.met).lengths > 0
    if not told.any():
        raise EmptyData(
            f"TwoTower learns from events before which something is known of the customer, and there are none among "
            f'{len(examples):,}. Give attributes of the customers or a longer log, or take examples = "rest"'
        )
    return examples.where(told)


def _weights(settings: "TwoTower", examples: Examples) -> Floats:
    """How much each example counts, 1 in the mean; float32 [n]."""
    times = examples.data.time[examples.events]
    fading = np.exp2(-(times.max() - times) / DAY / settings.example_half_life_days)
    return floats(fading / fading.mean())


def _frequencies(settings: "TwoTower", examples: Examples) -> Frequencies | None:
    n_items = examples.data.n_items
    if settings.correction == "none":
        return None
    return (
        Streaming(n_items)
        if settings.correction == "streaming"
        else Counted(torch.from_numpy(examples.targets.astype(np.int64)), n_items)
    )


def _of_fitted(weights: Weights) -> Weights:
    kept = [place for place, name in enumerate(weights.names) if not name.startswith(LEARNING)]
    return Weights(tuple(weights.names[place] for place in kept), tuple(weights.arrays[place] for place in kept))
