"""NEEDS: what each method needs of a shop's data, where it is at home, and which of its settings only cost."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from .facts import FEW, Facts


class Finding(NamedTuple):
    """Whether a need is met, and what the shop's figures say of it, as a sentence without its point."""

    met: bool
    said: str


Ask = Callable[[Facts], Finding]
Megabytes = Callable[[Facts], float]


@dataclass(frozen=True)
class Need:
    """What one method needs.

    good: what it does for a shop, as the end of the sentence "It ...". must: without these it cannot be fitted, or has
    nothing to say; better: without these it works, but poorly. memory: of a fit with the defaults, roughly.
    held: settings that buy quality by memory and time alone; the search leaves them unless the shop narrows them.
    """

    good: str
    must: tuple[Ask, ...] = ()
    better: tuple[Ask, ...] = ()
    memory: Megabytes = lambda facts: facts.pairs * 2e-5
    held: tuple[str, ...] = ()


def events(facts: Facts) -> Finding:
    """Anything at all."""
    return Finding(facts.events > 0, f"{_n(facts.events, 'event')} of {_n(facts.customers, 'customer')}")


def times(facts: Facts) -> Finding:
    """When things happened."""
    if not facts.timed:
        return Finding(False, "it needs the times of the events, and no column tells them")
    return Finding(True, f"the log covers {facts.days:,.0f} days")


def month(facts: Facts) -> Finding:
    """A log that is long enough for a trend."""
    wanted = 35
    if facts.days < wanted:
        return Finding(False, f"it compares a week with the four before, and the log covers {facts.days:,.0f} days")
    return Finding(True, f"the log covers {facts.days:,.0f} days")


def company(facts: Facts) -> Finding:
    """Customers with more than one item, from whom it can be seen what goes with what."""
    together = round(facts.customers * (1 - facts.lonely))
    if together < 2:
        return Finding(False, "it learns from customers with two items or more, and there are none")
    return Finding(True, f"{_n(together, 'customer')} with two items or more")


def long_histories(facts: Facts) -> Finding:
    """Histories from which a taste can be read."""
    if facts.items_each < 5:
        return Finding(False, f"the median customer has {_n(facts.items_each, 'item')}; a taste shows from about 5 on")
    return Finding(True, f"{_n(facts.items_each, 'item')} of the median customer")


def busy_items(facts: Facts) -> Finding:
    """Items with customers enough to be compared, where most of the trade is."""
    if facts.tail > 0.5:
        return Finding(False, f"{facts.tail:.0%} of what was wanted are items of fewer than {FEW} customers")
    return Finding(True, f"{1 - facts.tail:.0%} of what was wanted are items of {FEW} customers or more")


def repeats(facts: Facts) -> Finding:
    """Customers who come back for the same."""
    if facts.repeats < 0.02:
        return Finding(False, f"customers hardly buy the same again here ({facts.repeats:.1%} of the events)")
    return Finding(True, f"{facts.repeats:.0%} of the events are repeats")


def many_repeats(facts: Facts) -> Finding:
    """A shop where habits count."""
    if facts.repeats < 0.1:
        return Finding(False, f"only {facts.repeats:.0%} of the events are repeats")
    return Finding(True, f"{facts.repeats:.0%} of the events are repeats")


def ratings(facts: Facts) -> Finding:
    """Marks that differ."""
    if not facts.ratings:
        return Finding(False, "it needs ratings that differ, such as 1 to 5 stars, and the log has none")
    return Finding(True, _n(facts.ratings, "rating"))


def item_attributes(facts: Facts) -> Finding:
    """A catalog that says something of its items."""
    if not facts.item_columns:
        return Finding(
            False, "it needs a table of items with attributes (category, brand, price, text), and there is none"
        )
    return Finding(True, f"the catalog tells {_some(facts.item_columns)}")


def visits(facts: Facts) -> Finding:
    """Visits with more than one item."""
    wanted = 100
    if facts.visits < wanted:
        return Finding(False, f"it learns from visits with two items or more, and there are {facts.visits:,}")
    return Finding(True, f"{_n(facts.visits, 'visit')} with two items or more")


def many_customers(facts: Facts) -> Finding:
    """A crowd to compare with."""
    wanted = 500
    if facts.customers < wanted:
        return Finding(
            False, f"{_n(facts.customers, 'customer')} are few to learn from; from {wanted} on it gets better"
        )
    return Finding(True, f"{_n(facts.customers, 'customer')}")


def whole_catalog(most: int) -> Ask:
    """A catalog whose items all take part."""

    def ask(facts: Facts) -> Finding:
        if facts.met > most:
            said = f"{most:,} of the {facts.met:,} items that were ever wanted take part, the most wanted ones"
            return Finding(False, said)
        return Finding(True, f"all {facts.met:,} items that were ever wanted take part")

    return ask


def _square(most: int, squares: int = 1) -> Megabytes:
    return lambda facts: 4e-6 * squares * min(facts.met, most) ** 2


def _vectors(factors: int, sides: float = 1.0) -> Megabytes:
    return lambda facts: 4e-6 * factors * (facts.customers + sides * facts.items) + 2e-5 * facts.pairs


def _network(width: int, batch: int = 0) -> Megabytes:
    """Weights with their moments and gradient, the best so far, and the scores of a batch."""
    return lambda facts: facts.met * (2.4e-5 * width + min(6e-6 * batch, 200 / max(facts.met, 1))) + 2e-5 * facts.pairs


def _neighbors(n: int) -> Megabytes:
    return lambda facts: 1.6e-5 * n * facts.met + 2e-5 * facts.pairs


_TASTE = (long_histories, busy_items)
_TRAINING = ("epochs", "schedule", "warmup", "clip", "patience", "validation", "precision")

NEEDS: Final = MappingProxyType(
    {
        "popularity": Need("shows everybody what most customers want: what any other must beat", (events,)),
        "recent": Need("shows everybody what arrived or was sold last", (events, times)),
        "trending": Need("shows everybody what sells better than it did", (events, times), (month,)),
        "category_popularity": Need(
            "shows what sells in the categories that a customer buys from, new items too", (events, item_attributes)
        ),
        "personal": Need("reminds customers of what they buy again", (events, repeats), (many_repeats,)),
        "gp_top_freq": Need(
            "repeats what customers buy most often, then what all do", (events, repeats), (many_repeats,)
        ),
        "tifu_knn": Need(
            "fills the next basket by habits, a customer's own and those of the like",
            (events, times, repeats),
            (many_repeats, many_customers),
        ),
        "up_cf": Need(
            "fills the next basket by the latest habits, a customer's own and those of the like",
            (events, times, repeats),
            (many_repeats, many_customers),
        ),
        "basket_ridge": Need(
            "foretells the next basket, repeats and news, from all that was bought",
            (events, times),
            (busy_items, many_customers, whole_catalog(5_000)),
            _square(5_000, 3),
            ("min_customers", "max_items"),
        ),
        "item_knn": Need(
            "finds what customers of the same items also want", (events, company), (busy_items,), _neighbors(200)
        ),
        "user_knn": Need(
            "finds what customers like this one have", (events, company), (long_histories, many_customers)
        ),
        "vsknn": Need(
            "continues a visit as visits like it went on, for strangers too",
            (events, times, visits),
            held=("sample",),
        ),
        "stan": Need(
            "continues a visit as recent visits like it went on, for strangers too",
            (events, times, visits),
            held=("sample",),
        ),
        "ease": Need(
            "foretells each item from all others at once",
            (events, company),
            (busy_items, whole_catalog(10_000)),
            _square(10_000),
            ("min_customers", "max_items"),
        ),
        "sparse_ease": Need(
            "foretells each item from those near it, for catalogs of any size",
            (events, company),
            (busy_items,),
            _neighbors(1_000),
        ),
        "slim": Need(
            "foretells each item from the few that tell most of it",
            (events, company),
            (busy_items,),
            _neighbors(500),
            ("candidates",),
        ),
        "als": Need("learns tastes from everything that was met", (events, company), _TASTE, _vectors(128)),
        "bpr": Need("learns tastes by pairs of wanted and unwanted", (events, company), _TASTE, _vectors(128)),
        "warp": Need("learns tastes for the top of the list", (events, company), _TASTE, _vectors(128)),
        "logistic_mf": Need("learns the odds that a customer wants an item", (events, company), _TASTE, _vectors(128)),
        "pure_svd": Need(
            "finds the main directions of taste in one step", (events, company), _TASTE, _vectors(3 * 256, 2.0)
        ),
        "gf_cf": Need(
            "smooths wants over the graph of customers and items", (events, company), (busy_items,), _neighbors(700)
        ),
        "bspm": Need("smooths wants and sharpens them again", (events, company), (busy_items,), _neighbors(700)),
        "rp3beta": Need(
            "walks from items to customers to items, best sellers damped",
            (events, company),
            (busy_items,),
            _neighbors(200),
        ),
        "content": Need("finds items that are like those chosen, new ones too", (events, item_attributes)),
        "naive_bayes": Need(
            "adds up what each earlier item, and each attribute of the customer, says for an item",
            (events, company),
            (busy_items,),
            _neighbors(1_000),
        ),
        "association_rules": Need(
            "says what goes into a basket with what, as rules",
            (events, company),
            (visits, busy_items),
            _neighbors(1_000),
        ),
        "mult_dae": Need(
            "tells histories from a part of them, by a network of one layer",
            (events, company),
            (*_TASTE, many_customers),
            _network(2 * 200, 256),
            _TRAINING,
        ),
        "mult_vae": Need(
            "tells histories from a part of them, by a deeper network that allows for chance",
            (events, company),
            (*_TASTE, many_customers),
            _network(2 * 600, 256),
            _TRAINING,
        ),
        "rec_vae": Need(
            "tells histories from a part of them, reader and teller learning in turn",
            (events, company),
            (*_TASTE, many_customers),
            _network(3 * 600 + 200, 256),
            _TRAINING,
        ),
        "ncf": Need(
            "judges each pair of history and item by a network",
            (events, company),
            (*_TASTE, many_customers),
            _network(2 * 128),
            _TRAINING,
        ),
        "markov": Need("says what follows on what", (events, times, company), (busy_items,)),
        "slist": Need(
            "foretells the next item of a visit from those before",
            (events, times, company),
            (visits, whole_catalog(10_000)),
            _square(10_000, 2),
            ("min_customers", "max_items"),
        ),
        "sasrec": Need(
            "reads the order of a history and says what comes next, by a transformer",
            (events, times, company),
            (long_histories, many_customers),
            _network(64),
            (*_TRAINING, "negatives"),
        ),
        "two_tower": Need(
            "brings together all that is known of customer, moment and item; new items too",
            (events, company),
            (item_attributes, many_customers),
            _network(2 * 64, 1024),
            (*_TRAINING, "batch", "negatives", "correction"),
        ),
        "content_to_cf": Need(
            "puts every item among those of behavior by what is known of it, the one added a minute ago too",
            (events, company, item_attributes),
            (many_customers,),
            _network(2 * 64, 1024),
            (*_TRAINING, "batch", "customers"),
        ),
        "gru4rec": Need(
            "reads a visit click by click and says what comes next, for strangers too",
            (events, times, company),
            (visits, many_customers),
            _network(128),
            (*_TRAINING, "negatives"),
        ),
        "lstm": Need(
            "reads a history event by event and says what comes next",
            (events, times, company),
            (long_histories, many_customers),
            _network(128),
            (*_TRAINING, "negatives"),
        ),
        "svd": Need("foretells ratings", (events, ratings), _TASTE, _vectors(100)),
        "svdpp": Need("foretells ratings, hearing what was rated at all", (events, ratings), _TASTE, _vectors(50, 2.0)),
        "funk_svd": Need("foretells ratings, feature by feature", (events, ratings), _TASTE, _vectors(40)),
        "knn_baseline": Need(
            "foretells ratings from those of similar items",
            (events, ratings),
            (busy_items,),
            _neighbors(500),
            ("stored",),
        ),
        "user_knn_baseline": Need(
            "foretells ratings from those of customers with like marks",
            (events, ratings),
            (long_histories, many_customers),
        ),
    }
)


def need_of(method: str) -> Need:
    """What a method needs; of one that is not in the table, nothing but events is known."""
    return NEEDS.get(method, Need("is a method of your own", (events,)))


def _n(value: float, noun: str) -> str:
    number = f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    return f"{number} {noun}{'' if number == '1' else 's'}"


def _some(names: tuple[str, ...]) -> str:
    few = 4
    return ", ".join(names[:few]) + (f" and {len(names) - few} more" if len(names) > few else "")
