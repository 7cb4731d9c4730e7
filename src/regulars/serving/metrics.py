"""Metrics for Prometheus: of one app, in a registry of its own."""

from collections.abc import Callable
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LOOKED_UP = {
    "catalog_items": "Items that the service knows",
    "events_place": "Place in the store of the newest event that is counted",
    "problems": "What is wrong at the moment; /v1/models names it",
    "store_went_back": "How often an older copy took the place of the store, since the start",
    "audience_customers": "Customers who are held in memory for audiences",
    "source_failures": "Questions that a source failed to answer, since the start",
    "shadow_answers": "Answers of shadow versions, since the start",
    "shadow_dropped": "Questions that shadow versions were spared under load, since the start",
    "refits": "Refits of this replica, since the start",
    "refit_failures": "Refits of this replica that failed, since the start",
    "refit_seconds": "How long the last refit took",
    "refitting": "1 while this replica refits",
    "store_up": "1 while the store answers",
    "requests_in_flight": "Requests that are being answered",
    "events_waiting": "Events that wait for their commit",
    "exposures_waiting": "Answers that wait to be logged as exposures",
    "exposures_lost": "Answers that could not be logged, since the start",
}
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What is counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "regulars_requests", "Requests by route and status", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "regulars_request_seconds",
            "From the first byte to the answer",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "regulars_stage_seconds",
            "Parts of requests: read, work, write",
            ("stage",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.events = Counter(
            "regulars_events", "Events: stored, repeated, refused", ("outcome",), registry=self.registry
        )
        self.answers = Counter(
            "regulars_answers", "Answers by scenario, degraded when the store was away", ("scenario", "degraded"),
            registry=self.registry,
        )  # fmt: skip
        self.items = Counter("regulars_items_shown", "Items shown by source", ("source",), registry=self.registry)
        self.short = Counter("regulars_answers_short", "Answers with fewer than k items", registry=self.registry)
        self._count = lru_cache(4096)(lambda route, status: self._requests.labels(route, str(status)))
        self._route = lru_cache(512)(lambda route: self._seconds.labels(route))
        self._stage = {name: self._stages.labels(name) for name in ("read", "work")}
        self._answer = lru_cache(1024)(lambda scenario, degraded: self.answers.labels(scenario, degraded))
        self._shown = lru_cache(1024)(lambda source: self.items.labels(source))
        self.stored, self.repeated, self.refused = map(self.events.labels, ("stored", "repeated", "refused"))

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request is done."""
        self._count(route, status).inc()
        self._route(route).observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """One part of a request took so long."""
        self._stage[name].observe(seconds)

    def answered(self, scenario: str, *, degraded: bool, short: bool) -> None:
        """One question was answered."""
        self._answer(scenario, str(degraded).lower()).inc()
        if short:
            self.short.inc()

    def shown(self, source: str, n_items: int) -> None:
        """So many items of a source were shown."""
        self._shown(source).inc(n_items)

    def watch(self, figures: Callable[[], dict[str, float]], version: Callable[[], str]) -> None:
        """Figures that are looked up when somebody asks: name without the prefix -> value."""
        self.registry.register(_Looked(figures, version))

    def page(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self.registry)


class _Looked(Collector):
    def __init__(self, figures: Callable[[], dict[str, float]], version: Callable[[], str]) -> None:
        self._figures = figures
        self._version = version

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        found = [
            GaugeMetricFamily(f"regulars_{name}", LOOKED_UP.get(name, name), value=value)
            for name, value in self._figures().items()
        ]
        version = GaugeMetricFamily("regulars_model_info", "The version that answers", labels=("version",))
        version.add_metric([self._version()], 1.0)
        return [*found, version]
