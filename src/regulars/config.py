"""regulars.toml: what a shop's folder says about its tables, its protocol and its methods."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from regulars.core.errors import ConfigError

FILE = "regulars.toml"
LINE = ";\n  "  # between mistakes
# What all commands say but `regulars forecast` of a table of its own.
NO_EVENTS = 'the file lacks [events], such as events.paths = ["log.csv"]'


def _listed(value: Any) -> Any:
    """One text where several may stand is a list of one."""
    return (value,) if isinstance(value, str) else value


def _several(value: Any) -> Any:
    """One table where several may stand is a list of one."""
    return (value,) if isinstance(value, Mapping) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Part(BaseModel):
    """Abstract: a table of the file; unknown names are errors, so that a misspelled one is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TableFrom(Part):
    """Abstract: where a table is; `paths` are files, globs and folders, seen from the folder of regulars.toml.

    url: sqlite:///shop.db, duckdb:///shop.duckdb or postgresql://..., with `table` or `query`. columns: our name -> the
    shop's. format, separator, encoding: empty means "look".
    """

    paths: Texts = ()  # files, globs and folders
    url: str = ""  # a database instead: sqlite:///shop.db, duckdb:///shop.duckdb, postgresql://...
    table: str = ""  # of the database
    query: str = ""  # or a SELECT of your own
    columns: dict[str, str] = Field(default_factory=dict)  # our name = "your name", where the guess is wrong
    format: str = ""  # csv, tsv, jsonl or parquet; empty: look
    separator: str = ""  # of a CSV file; empty: look
    encoding: str = ""  # of a text file; empty: look

    @property
    def given(self) -> bool:
        return bool(self.paths or self.url)


class EventsTable(TableFrom):
    """[events], or [[events]] for each of several logs. kind: what every row is, where no column says."""

    kind: str = ""  # what every row is (purchase, view, ...), where no column says


class FeaturesTable(TableFrom):
    """[items] and [customers]: one row for each, with whatever is known of it."""

    name: Texts = ()  # the columns that make up what people call it
    category: str = ""  # the column that groups the catalog in reports


class TimeTable(Part):
    """[time]: how to read times that do not say it themselves."""

    zone: str = "UTC"  # of times that carry none, such as Europe/Berlin
    format: str = ""  # a strptime pattern, or s, ms, us, ns, days for numbers; empty: look
    day_first: bool | None = None  # whether 02/03/2024 is in March; not said: look


class RecommendTable(Part):
    """[recommend]: what customers get."""

    k: int = Field(10, ge=1)  # items for each customer
    exclude_seen: bool = False  # whether to leave out what the customer's history holds
    available: str = ""  # a true/false column of the items; what is not true is never recommended
    history: int = Field(0, ge=0, le=100_000)  # newest events of a customer that are looked at; 0: all
    method: str = ""  # empty: the winner of the last comparison
    fallback: Texts = ("popularity",)  # who fills in, in this order, where the method cannot tell


class BlendTable(Part):
    """[blends.NAME]: one list out of those of several methods, by their ranks or by what was learned of them."""

    of: Texts  # methods
    learner: str = ""  # linear or trees: learned from the newest part of the log; empty: by ranks alone
    weights: tuple[float, ...] = ()  # by ranks: one for each method; none: all alike
    constant: float = Field(60.0, ge=0)  # by ranks: the smaller, the more the first ranks count
    depth: int = Field(100, ge=1)  # how many of each list are looked at
    share: float = Field(0.1, ge=0.01, le=0.5)  # learned: the newest part of the events, withheld to learn from
    customers: int = Field(5_000, ge=10)  # learned: from at most so many customers
    trees: int = Field(300, ge=1, le=5_000)  # learner trees: at most so many
    leaves: int = Field(31, ge=2, le=1_024)  # learner trees: of each tree


class RouteTable(Part):
    """[routes.NAME]: each customer is sent to the last of these for whom enough is known."""

    of: Texts  # methods, blends and pipelines, what needs to know most at the end
    events: tuple[int, ...]  # how many events each needs in the history, such as [0, 1, 5]
    attributes: tuple[Texts, ...] = ()  # for each, the columns of the customers that must be known; none: no matter


class PipelineTable(Part):
    """[pipelines.NAME]: candidates from several methods, put in order by a ranker that learns from the newest events.

    [pipelines.NAME.settings] has the settings of the ranker.
    """

    sources: Texts  # methods, whose best items are the candidates
    ranker: str = "trees"  # trees (extra rank), dcn (extra deep) or additive
    settings: dict[str, Any] = Field(default_factory=dict)  # of the ranker
    features: Texts = ("recency", "groups", "price", "items", "customers")  # what it reads beside the sources' word
    filters: Texts = ()  # unseen: nothing the customer has; or true/false columns of the items, which must be true
    caps: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # column of the items = most of a value
    boosts: dict[str, float] = Field(default_factory=dict)  # true/false column of the items = what is added to a score
    depth: int = Field(100, ge=1, le=1_000)  # how many of each list are candidates
    share: float = Field(0.1, ge=0.01, le=0.5)  # the newest part of the events, withheld to learn from
    lessons: int = Field(1, ge=1, le=10)  # how often such a part is withheld, one before the other
    withheld: Literal["time", "baskets"] = "time"  # or the newest basket of each customer, by methods fitted on others
    customers: int = Field(5_000, ge=10)  # at most so many of each lesson


class TuneTable(Part):
    """[tune]: how `regulars tune` searches the settings; [tune.ranges.NAME] narrows where those of a method.

    A range is two numbers, from and to; a list of three or more, or of texts, are the values to try; a single value is
    not searched at all. What is not narrowed is searched over its whole legal range.
    """

    methods: Texts = ()  # which of the methods; empty: all that the file names
    trials: int = Field(0, ge=0)  # of all methods together; 0: 15 for each, or as many as the minutes allow
    minutes: float = Field(0.0, ge=0)  # of one run; 0: no limit
    search: str = "bayes"  # bayes learns from the trials before, grid tries every combination
    levels: int = Field(3, ge=2)  # values of each setting that a grid tries
    metric: str = ""  # what trials are judged by; empty: rmse or mae if that `decides`, else ndcg
    k: int = Field(0, ge=0)  # length of those lists; 0: k of [recommend]
    customers: int = Field(20_000, ge=1)  # at most so many are asked
    ranges: dict[str, dict[str, Any]] = Field(default_factory=dict)  # by method and setting


class ContentTable(Part):
    """[content.NAME]: texts or pictures of the items, which become the column NAME_vector beside their attributes."""

    texts: Texts = ()  # columns of the items whose texts are read together
    pictures: str = ""  # instead: the column of the items with the path or the bytes of a picture
    folder: str = ""  # that the paths of pictures start from; empty: the folder of regulars.toml
    encoder: str = (
        ""  # a folder or a name on the Hugging Face hub; empty: MiniLM for texts, the descriptor for pictures
    )
    max_tokens: int = Field(0, ge=0, le=32_768)  # of a text that are read; 0: as many as the encoder was made for
    prefix: str = ""  # what some encoders want before each text, such as "passage: "


class ScenarioTable(Part):
    """[scenarios.NAME]: a place where a list is shown (home, product, cart, e-mail), and what is shown there.

    [scenarios.NAME.rules] has rules of its own beside those of [rules]. sources: methods, blends, pipelines and routes
    of this file, or popular, trending, new, recently_viewed, buy_again, similar and bought_together.
    """

    sources: Texts  # who proposes; the next one fills in where those before cannot tell
    k: int = Field(0, ge=0, le=1_000)  # items of a list; 0: k of [recommend]
    explain: bool = True  # whether each line says why
    explore: float = Field(0.0, ge=0, le=1)  # the share of the slots that are drawn, so that their chances are known
    rules: dict[str, Any] = Field(default_factory=dict)  # of this place, beside those of [rules]


class ServeTable(Part):
    """[serve]: the service of `regulars serve`."""

    store: str = ""  # sqlite:///shop.db or postgresql://user@host/shop; empty: SQLite in the output folder
    host: str = "127.0.0.1"  # 0.0.0.0: every network of this machine
    port: int = Field(8080, ge=0, le=65_535)  # 0: any free one
    history: int = Field(
        500, ge=1, le=100_000
    )  # newest events of a customer that are looked at; `regulars recommend` reads all
    arrived: str = ""  # the column of items that says since when each is in the shop; empty: when it was first seen
    live: dict[str, Any] = Field(default_factory=dict)  # settings of regulars.serving.tempo.Tempo
    refit_hours: float = Field(0.0, ge=0)  # how often the models are fitted again; 0: only by regulars refit
    origins: Texts = ()  # sites whose pages may ask (CORS)
    requests_per_minute: int = Field(0, ge=0)  # of one key; 0: no limit
    max_megabytes: float = Field(8.0, gt=0)  # of one request
    open: bool = False  # whether requests need no key: for trying things on one machine only


class RepurchaseTable(Part):
    """[repurchase]: what `regulars buy-again` foretells."""

    method: str = ""  # frequency, gamma, weibull, lstm, trees or stacked; empty: the best that is installed
    horizon_weeks: int = Field(2, ge=1, le=52)  # how far ahead
    report: bool = False  # whether to write the page, as --report does
    served: str = "weibull"  # the method behind buy_again of the service; empty: counts and gaps alone


class ForecastTable(TableFrom):
    """[forecast]: what `regulars forecast` foretells. Without `paths` or `url`: the purchases of the events.

    A table of its own has a row for each series and day (or sale); rows without units are the future, of which the
    `known` columns are read. columns: our name -> the table's.
    """

    keys: Texts = ()  # columns that name a series, largest first; empty: store and item_id
    time: str = "date"  # the column of days or times
    units: str = "units"  # the column of what was sold
    known: Texts = ()  # columns known before: price, promotion, holiday
    past: Texts = ()  # columns known afterwards only
    in_stock: str = ""  # a column that is 0 or false where there was nothing to sell
    open: str = ""  # a column that is 0 or false where a store is shut, known before
    attributes: str = ""  # a file with attributes of stores or products
    step: str = "week"  # day or week
    horizon: int = Field(4, ge=1, le=1_000)  # how many steps ahead
    gaps: str = "zero"  # what no row says: zero (a log of sales) or missing (measurements)
    methods: Texts = ()  # combined, such as moving_average, counts, statistical, regression, trees, lstm; empty: some
    aim: str = "median"  # what `units` is: median (least error of each series), mean (adds up), percentage
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.05, 0.25, 0.5, 0.75, 0.95)  # rising
    least: int = Field(10, ge=1)  # steps with a sale below which a series is left out
    most: int = Field(10_000, ge=1)  # series at most: those that sell most
    report: bool = False  # whether to write the page, as --report does


class Config(Part):
    """The whole file."""

    name: str = "My shop"  # the title of the report
    output: str = "regulars-out"  # the folder for everything that is made
    known: Texts = ()  # columns of the events that a shop knows when it is asked: channel, store; "time": the moment
    decides: str = "ndcg"  # the figure that chooses the winner: one of a list, at its length, or rmse or mae of ratings
    seed: int = Field(0, ge=0)  # of whatever is drawn at random
    threads: int = Field(0, ge=0)  # 0: all cores
    device: str = "cpu"  # where networks learn: cpu, cuda, cuda:1, mps
    events: Annotated[tuple[EventsTable, ...], BeforeValidator(_several), Field(min_length=1)] = ()  # see NO_EVENTS
    kinds: dict[str, float] = Field(default_factory=dict)  # weight of each kind of event
    time: TimeTable = TimeTable()
    items: FeaturesTable = FeaturesTable()
    customers: FeaturesTable = FeaturesTable()
    content: dict[str, ContentTable] = Field(default_factory=dict)
    check: dict[str, Any] = Field(default_factory=dict)  # settings of regulars.data.Checks
    split: dict[str, Any] = Field(default_factory=dict)  # kind, and the settings of that splitter
    recommend: RecommendTable = RecommendTable()
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)  # what to try, each with its settings
    blends: dict[str, BlendTable] = Field(default_factory=dict)
    routes: dict[str, RouteTable] = Field(default_factory=dict)
    pipelines: dict[str, PipelineTable] = Field(default_factory=dict)
    tune: TuneTable = TuneTable()
    rules: dict[str, Any] = Field(default_factory=dict)  # what holds for every list; see docs/how-to/rules.md
    scenarios: dict[str, ScenarioTable] = Field(default_factory=dict)
    repurchase: RepurchaseTable = RepurchaseTable()
    forecast: ForecastTable = ForecastTable()
    serve: ServeTable = ServeTable()


def read(path: Path) -> Config:
    """The configuration in a file; relative paths in it are meant from the folder of the file.

    Raises ConfigError when the file is not there, is not TOML, or says what cannot be.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}; write one with: regulars init PATH..., or say where yours is with --config"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not UTF-8 text, {error.reason}"
        raise ConfigError(f"{path} cannot be read: {reason}. --config wants a file such as {FILE}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}. Mend that line, or see https://toml.io") from error
    try:
        config = Config.model_validate(said)
    except ValidationError as error:
        mistakes = (_mended(mistake["loc"], mistake["type"], mistake) for mistake in error.errors())
        raise ConfigError(f"{path}: {LINE.join(mistakes)}") from error
    if not config.events and not config.forecast.given:
        raise ConfigError(f"{path}: {NO_EVENTS}")
    return config


def no_such(where: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that nothing answers to: the one that may be meant, and those that there are."""
    names = list(known)
    return f"{where} has no {name}{meant(name, names)} It has {', '.join(names) or 'none at all'}"


def meant(name: str, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown name: the known one that looks most like it, if one does."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "."


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text in quotes",
    "bool": "true or false",
    "tuple": 'a list, such as ["a", "b"]',
    "dict": "a table",
    "model": "a table",
    "too": "one table at least",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def _mended(place: Sequence[str | int], kind: str, mistake: Mapping[str, Any]) -> str:
    """One mistake in the words of the file: where it is, what was wanted, what came."""
    *above, last = place
    if isinstance(last, int):
        *above, last = *above[:-1], f"{above[-1]} no. {last + 1}"
    inside = _header(above)
    if kind == "missing":
        return f"{inside} lacks {last}".strip()
    if kind == "extra_forbidden":
        known = _names_in(above)
        top = f". {last} belongs at the top of the file, before the first table" if last in Config.model_fields else ""
        return no_such(inside or "the top of the file", str(last), known) + (top if above else "")
    word, limit = _LIMITS.get(kind, ("", ""))
    wanted = f"{word} {mistake['ctx'][limit]}" if word else _WANTED.get(kind.partition("_")[0], mistake["msg"].lower())
    return f"{inside} {last} must be {wanted}; it is {mistake['input']!r}".strip()


def _header(place: Sequence[str | int]) -> str:
    """The header of a table as it stands in the file: ("events", 1, "columns") is [events.columns] no. 2."""
    names = ".".join(part for part in place if isinstance(part, str))
    number = next((f" no. {part + 1}" for part in place if isinstance(part, int) and part), "")
    return f"[{names}]{number}" if names else ""


def _names_in(place: Sequence[str | int]) -> list[str]:
    """The names that the table at a place may hold."""
    table: type[BaseModel] = Config
    for part in place:
        field = table.model_fields.get(str(part))
        inner = (field.annotation, *getattr(field.annotation, "__args__", ())) if field else ()
        table = next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), table)
    return list(table.model_fields)
