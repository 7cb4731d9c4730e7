"""Blends and routes of regulars.toml: what cannot be, and what they are in words."""

from collections.abc import Iterator, Sequence

from regulars.config import Config
from regulars.core.errors import ConfigError
from regulars.ranking import LEARNERS

_BY_RANKS = ("weights", "constant")  # what a learned blend finds out by itself


def check_name(name: str, methods: Sequence[str], what: str) -> None:
    """Raises ConfigError when a method is called like this blend or route."""
    if name in methods:
        raise ConfigError(f"that is the name of a method too; give the {what} another name")


def check_blend(name: str, config: Config) -> None:
    """Raises ConfigError when the blend of this name says what cannot be."""
    blend = config.blends[name]
    if not blend.of:
        raise ConfigError("of must name one method at least; it is empty")
    if nested := next((part for part in blend.of if part in (*config.blends, *config.routes)), ""):
        raise ConfigError(f"of must name methods; {nested} is a blend or a route. Name its methods instead")
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
    if name in config.blends:
        raise ConfigError("that is the name of a blend too; give the route another name")
    if not n:
        raise ConfigError("of must name one method at least; it is empty")
    if nested := next((part for part in route.of if part in config.routes), ""):
        raise ConfigError(f"of must name methods and blends; {nested} is a route. Name its steps instead")
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


def described(config: Config) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Name, kind and parts of each blend and route, for readers."""
    for name, blend in config.blends.items():
        yield name, f"learned blend ({blend.learner}) of" if blend.learner else "rank fusion of", blend.of
    for name, route in config.routes.items():
        yield name, "route", [f"{part} from {n} events" for part, n in zip(route.of, route.events, strict=True)]
