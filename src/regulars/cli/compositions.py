"""Blends, routes and pipelines of regulars.toml: what cannot be, and what they are in words."""

from collections.abc import Iterator, Mapping, Sequence

from regulars.config import Config, Part, PipelineTable, meant
from regulars.core import from_names
from regulars.core.errors import ConfigError, SettingError
from regulars.ranking import FEATURES, LEARNERS, RANKERS, RankerMethod

_BY_RANKS = ("weights", "constant")  # what a learned blend finds out by itself


def check_name(name: str, methods: Sequence[str], config: Config) -> None:
    """Raises ConfigError when something else is called like this composition."""
    kinds = [what for what, table in _tables(config).items() if name in table]
    if name in methods:
        raise ConfigError(f"that is the name of a method too; give the {kinds[0]} another name")
    if len(kinds) > 1:
        raise ConfigError(f"that is the name of a {kinds[1]} too; give the {kinds[0]} another name")


def check_blend(name: str, config: Config) -> None:
    """Raises ConfigError when the blend of this name says what cannot be."""
    blend = config.blends[name]
    if not blend.of:
        raise ConfigError("of must name one method at least; it is empty")
    if nested := next((part for part in blend.of if part in composed(config)), ""):
        raise ConfigError(f"of must name methods; {nested} is a {composed(config)[nested]}. Name its methods instead")
    if blend.learner and blend.learner not in LEARNERS:
        raise ConfigError(f"learner must be one of {', '.join(LEARNERS)}, or empty; it is {blend.learner!r}")
    if blend.learner and (vain := [name for name in _BY_RANKS if name in blend.model_fields_set]):
        raise ConfigError(f"a learned blend finds out by itself whom to trust; take out {' and '.join(vain)}")
    if blend.weights and (len(blend.weights) != len(blend.of) or min(blend.weights) <= 0):
        raise ConfigError(
            f"weights must be {len(blend.of)} numbers above 0, one for each of {', '.join(blend.of)}; "
            f"they are {list(blend.weights)}"
        )


def check_route(name: str, config: Config) -> None:
    """Raises ConfigError when the route of this name says what cannot be."""
    route = config.routes[name]
    n = len(route.of)
    if not n:
        raise ConfigError("of must name one method at least; it is empty")
    if nested := next((part for part in route.of if part in config.routes), ""):
        raise ConfigError(f"of must name methods, blends and pipelines; {nested} is a route. Name its steps instead")
    if len(route.events) != n or min(route.events) < 0:
        raise ConfigError(
            f"events must be {n} whole numbers from 0 on, one for each of {', '.join(route.of)}; "
            f"they are {list(route.events)}"
        )
    if route.attributes and len(route.attributes) != n:
        raise ConfigError(
            f"attributes must be {n} lists of columns, one for each of {', '.join(route.of)} and [] for none; "
            f"they are {[list(names) for names in route.attributes]}"
        )


def check_pipeline(name: str, config: Config) -> None:
    """Raises ConfigError when the pipeline of this name says what cannot be."""
    given = config.pipelines[name]
    if not given.sources:
        raise ConfigError("sources must name one method at least; it is empty")
    if nested := next((part for part in given.sources if part in composed(config)), ""):
        raise ConfigError(
            f"sources must name methods; {nested} is a {composed(config)[nested]}. Name its methods instead"
        )
    if unknown := next((one for one in given.features if one not in FEATURES), ""):
        raise ConfigError(f"features are {', '.join(FEATURES)}; there is no {unknown}{meant(unknown, FEATURES)}")
    ranker_of(given)


def ranker_of(given: PipelineTable) -> RankerMethod:
    """How the ranker of a pipeline learns. Raises ConfigError when there is no such ranker or setting."""
    if given.ranker not in RANKERS:
        raise ConfigError(f"ranker must be one of {', '.join(RANKERS)}; it is {given.ranker!r}")
    try:
        return from_names(RANKERS[given.ranker], given.settings)
    except SettingError as error:
        raise ConfigError(f"settings: {error}") from error


def composed(config: Config) -> dict[str, str]:
    """The name of each composition and what it is: blend, pipeline or route."""
    return {name: what for what, table in _tables(config).items() for name in table}


def parts_of(name: str, config: Config) -> Sequence[str]:
    """What a composition is made of; checked. Raises ConfigError when it says what cannot be."""
    what = composed(config)[name]
    if what == "blend":
        check_blend(name, config)
        return config.blends[name].of
    if what == "pipeline":
        check_pipeline(name, config)
        return config.pipelines[name].sources
    check_route(name, config)
    return config.routes[name].of


def _tables(config: Config) -> dict[str, Mapping[str, Part]]:
    return {"route": config.routes, "pipeline": config.pipelines, "blend": config.blends}


def described(config: Config) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Name, kind and parts of each composition, for readers."""
    for name, blend in config.blends.items():
        yield name, f"learned blend ({blend.learner}) of" if blend.learner else "rank fusion of", blend.of
    for name, route in config.routes.items():
        yield name, "route", [f"{part} from {n} events" for part, n in zip(route.of, route.events, strict=True)]
    for name, pipeline in config.pipelines.items():
        yield name, f"pipeline (ranker {pipeline.ranker}) over", pipeline.sources
