"""Facts: what a shop's data hold, in the few figures that decide which methods can learn from them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from regulars.core import DAY, EVENT, Dataset, Frame, Longs
from regulars.evaluation.cost import free_mb

RATING = "rating"  # the kind of event that rates
STARS = 100  # different values that ratings have at most; amounts of money have more
VISIT = ("basket", "session")  # columns of the events that number visits
FEW = 5  # customers of an item of whom little can be said
PAUSE = 30 * 60  # seconds that end one, where no column does


@dataclass(frozen=True)
class Facts:
    """events: that weigh more than 0; customers: who did something; items: of the catalog; met: that anybody wanted;
    pairs: of a customer and an item; days: that the log covers, 0 where events have no times; ratings: events
    that rate, if their values differ; item_columns, customer_columns: attributes that are known of half of them;
    visits: with two items or more; items_each: of the median customer; customers_each: of the median item; thin:
    share of the items met that have fewer than 5 customers; tail: part of all pairs that are of those; lonely:
    share of the customers with a single item; repeats: share of the events that are not the customer's first of
    that item; young: share of the events in the newest tenth of the log whose items the rest does not know;
    free_mb: memory that the machine has left.
    """

    events: int
    customers: int
    items: int
    met: int
    pairs: int
    days: float
    ratings: int
    item_columns: tuple[str, ...]
    customer_columns: tuple[str, ...]
    visits: int
    items_each: float
    customers_each: float
    thin: float
    tail: float
    lonely: float
    repeats: float
    young: float
    free_mb: float

    @classmethod
    def of(cls, data: Dataset) -> "Facts":
        """Counts what the dataset holds; a log of 100 million events takes some seconds."""
        wanted = data.where(data.weight > 0)
        n = len(wanted)
        pairs = np.unique(wanted.user.astype(np.int64) * data.n_items + wanted.item)
        of_customer = _counts(pairs // data.n_items, data.n_users)
        of_item = _counts(pairs % data.n_items, data.n_items)
        timed = n > 0 and int(wanted.time.max()) > int(wanted.time.min())
        return cls(
            events=n,
            customers=len(of_customer),
            items=data.n_items,
            met=len(of_item),
            pairs=len(pairs),
            days=(int(wanted.time.max()) - int(wanted.time.min())) / DAY if timed else 0.0,
            ratings=_ratings(data),
            item_columns=_known(data.item_features),
            customer_columns=_known(data.user_features),
            visits=_visits(wanted) if timed or set(VISIT) & set(data.context.columns) else 0,
            items_each=float(np.median(of_customer)) if n else 0.0,
            customers_each=float(np.median(of_item)) if n else 0.0,
            thin=float((of_item < FEW).mean()) if n else 0.0,
            tail=float(of_item[of_item < FEW].sum() / len(pairs)) if n else 0.0,
            lonely=float((of_customer < 2).mean()) if n else 0.0,
            repeats=1 - len(pairs) / n if n else 0.0,
            young=_young(wanted) if timed else 0.0,
            free_mb=free_mb(),
        )

    @property
    def timed(self) -> bool:
        return self.days > 0


def _counts(rows: Longs, n: int) -> np.ndarray:
    """How often each row occurs, of those that do."""
    counts = np.bincount(rows, minlength=n)
    return counts[counts > 0]


def _ratings(data: Dataset) -> int:
    """How many events rate: those of that kind, or of a log without kinds whose weights look like stars."""
    if RATING in data.kinds:
        weights = data.weight[data.kind == data.kinds.index(RATING)]
    else:
        weights = data.weight if data.kinds == (EVENT,) and (data.weight > 0).all() else data.weight[:0]
    different = len(np.unique(weights[:1_000_000]))
    return len(weights) if 1 < different <= STARS else 0


def _known(features: Frame) -> tuple[str, ...]:
    """The columns with a value for half of the rows at least, and with more than one value."""
    enough = [
        column
        for column in features.get_columns()
        if column.null_count() <= features.height / 2
        and (isinstance(column.dtype, pl.List | pl.Array) or column.drop_nulls().n_unique() > 1)
    ]
    return tuple(column.name for column in enough)


def _visits(wanted: Dataset) -> int:
    """Visits with two different items or more: those that the log names, else until a pause of half an hour."""
    column = next((name for name in VISIT if name in wanted.context.columns), "")
    begins = np.ones(len(wanted), dtype=np.bool_)
    begins[1:] = np.diff(wanted.user) > 0
    if column:
        named = wanted.context[column].rank("dense").fill_null(0).to_numpy()
        begins[1:] |= np.diff(named) != 0
    else:
        begins[1:] |= np.diff(wanted.time) > PAUSE
    visit = np.cumsum(begins) - 1
    pairs = np.unique(visit * wanted.n_items + wanted.item)
    return int((np.bincount(pairs // wanted.n_items) > 1).sum())


def _young(wanted: Dataset) -> float:
    edge = np.quantile(wanted.time, 0.9)
    new = wanted.time > edge
    if not new.any():
        return 0.0
    known = np.zeros(wanted.n_items, dtype=np.bool_)
    known[wanted.item[~new]] = True
    return float((~known[wanted.item[new]]).mean())
