"""Two towers: one network makes a vector of a question, another one of an item; their inner product is the score."""

import math
from dataclasses import dataclass

from regulars.core import QUIET, Dataset, Model, Run, setting

from .explicit import Explicit
from .kinds.chances import Chances
from .kinds.clipped import Clipped
from .trained import Trained


@dataclass(frozen=True)
class TwoTower(Trained):
    """Candidates by everything that is known of customer, moment and item (Covington et al., RecSys 2016).

    The query tower reads the history (mean of its items, halved in weight every `half_life_days`, and of the `newest`
    ones), the customer's attributes, the context, and with `clock` the hour and weekday of asking, `utc_offset_hours`
    east. The item tower adds a vector of the item's own to what its attributes say; that is left out of a share
    `id_dropout` of examples, so that an item without events is placed by its attributes. `factors`: width of the
    vectors; `embedding`: of a category, tag or word; query_layers, item_layers: hidden layers, `hidden` wide, each with
    this `activation`; 0 is linear. shared: a history is read by the vectors of its items, else by further ones. cosine:
    vectors have length one; inner products are divided by `temperature`.

    objective: "retrieval", which item came next: softmax over the events of a step and `negatives` drawn uniformly for
    all of them (Yang et al., WWW 2020), the logits corrected for how often an item is drawn (Yi et al., RecSys 2019) if
    correction is "exact" (counted) or "streaming" (learned on the way); "purchase", the probability that the next event
    is of the item: logistic loss on the same pool; "rating", squared error on the weights of events of the kind
    "rating" or of all: the model rates.

    examples: "before", each event asked for by what came strictly before it, or "rest", by what else the customer did,
    where times are coarse or histories short. longest: events of a history. example_half_life_days: an example counts
    half for each so many days before the last. kinds: events that are answers, all if none are named.
    item_columns, customer_columns: attributes that are read, all if none are named; context_columns: columns of the
    events that are known when a question is asked, none unless named.
    Memory of a step: 12 bytes * batch * (batch + negatives).
    """

    epochs: int = setting(30, low=1, high=2000, log=True)
    batch: int = setting(1024, low=8, high=65536, log=True)
    rate: float = setting(3e-3, low=1e-5, high=0.1, log=True)
    patience: int = setting(4, low=0, high=200)
    objective: str = setting("retrieval", choices=("retrieval", "purchase", "rating"))
    factors: int = setting(64, low=2, high=1024, log=True)
    embedding: int = setting(32, low=2, high=512, log=True)
    query_layers: int = setting(0, low=0, high=4)
    item_layers: int = setting(0, low=0, high=4)
    hidden: int = setting(128, low=4, high=2048, log=True)
    activation: str = setting("relu", choices=("relu", "gelu", "tanh"))
    shared: bool = setting(True)
    cosine: bool = setting(True)
    temperature: float = setting(0.1, low=0.01, high=10.0, log=True)
    negatives: int = setting(1024, low=0, high=65536)
    correction: str = setting("exact", choices=("exact", "streaming", "none"))
    id_dropout: float = setting(0.2, low=0.0, high=1.0)
    examples: str = setting("before", choices=("before", "rest"))
    longest: int = setting(50, low=1, high=1000, log=True)
    newest: int = setting(3, low=0, high=50)
    half_life_days: float = setting(math.inf, low=0.1, log=True)
    example_half_life_days: float = setting(math.inf, low=0.1, log=True)
    clock: bool = setting(False)
    utc_offset_hours: float = setting(0.0, low=-14.0, high=14.0)
    kinds: tuple[str, ...] = ()
    item_columns: tuple[str, ...] = ()
    customer_columns: tuple[str, ...] = ()
    context_columns: tuple[str, ...] = ()

    def fit(self, data: Dataset, run: Run = QUIET) -> Model:
        from .networks.tower_learning import Ratings, learned

        if self.objective == "retrieval":
            return learned(self, data, run)
        if self.objective == "purchase":
            return Chances("two_tower", data.n_items, learned(self, data, run))
        explicit = Explicit.of(data)
        factors = learned(self, data, run, ratings=Ratings(explicit.mean, explicit.unit, explicit.scale.kind))
        return Clipped("two_tower", data.n_items, explicit.scale.low, explicit.scale.high, factors)
