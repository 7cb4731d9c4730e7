"""The table of all endpoints, which the app, the OpenAPI document and the tests read."""

from typing import Any

from ..calls import DryRun, Endpoint, Example
from ..schemas import (
    Ask,
    Audience,
    Entity,
    Erased,
    Event,
    Export,
    Fields,
    Health,
    Known,
    Merge,
    Merged,
    Model,
    Models,
    Page,
    Reached,
    Reason,
    Recommended,
    Rerank,
    Share,
    Shown,
    Taken,
    Written,
)
from . import admin, answers, entities, events, health

_ID = "5ff8e1923a6265aa2db1daff"
_REASONS = {
    "home": "because you bought Milk on 2 November 2026",
    "similar": "similar to Milk",
    "bought_together": "often bought together with Milk",
    "buy_again": "every 21 days; last bought 19 days ago",
    "recently_viewed": "you looked at it on 22 November 2026",
    "trending": "selling better than in the weeks before",
    "popular": "popular with customers now",
    "new": "new in the shop",
}


def _list(scenario: str, customer: str = "") -> Recommended:
    """What an answer looks like."""
    source = "als" if scenario == "home" else scenario
    why = [Reason("milk", "Milk", share=0.33)] if "Milk" in _REASONS[scenario] else []
    line = Shown("tea", 1, 0.81, source, source, _REASONS[scenario], why)
    known = bool(customer)
    return Recommended(
        scenario, customer, [line], _ID, "20261122-120203", "Ags_i5xpu7l4", [source], known, [], "", False
    )


_MILK = {"customer": "c1", "item": "milk", "kind": "purchase", "value": 1.19}

_EVENTS = (
    Endpoint(
        method="POST",
        path="/v1/events",
        tag="Events",
        work=events.take,
        title="Events: one, an array of them, or JSON Lines",
        about="Answered when they are on the disk. An event_id that is known already is not stored again. Lines that "
        "cannot be used are told one by one: 207 when some are, 422 when all are.",
        role="events",
        query=DryRun,
        body=Event,
        lines=True,
        answer=Taken,
        more=(207,),
        example=Example(
            body=[_MILK, {"customer": "c1", "item": "bread"}],
            answer=Taken(2, 0, [], ["02066db9aa06ca982ba7ff56b630b2e9", "00defa35856816403c69de13b86bcd18"]),
        ),
    ),
    Endpoint(
        method="POST",
        path="/v1/visitors/{visitor}/merge",
        tag="Events",
        work=events.merge,
        title="An anonymous visitor turned out to be a customer",
        role="admin",
        query=DryRun,
        body=Merge,
        answer=Merged,
        example=Example(params=("v-1",), body={"customer": "c1"}, answer=Merged("v-1", "c1", 7)),
    ),
)
_ANSWERS = (
    Endpoint(
        method="GET",
        path="/v1/recommend/{customer}",
        tag="Recommendations",
        work=answers.for_customer,
        title="For a customer",
        role="read",
        query=answers.AtPlace,
        answer=Recommended,
        problems=("not-found",),
        example=Example(params=("c1",), query={"k": "3", "context[store]": "north"}, answer=_list("home", "c1")),
    ),
    Endpoint(
        method="POST",
        path="/v1/recommend",
        tag="Recommendations",
        work=answers.asked,
        title="For whatever is known: history or session, cart, page, context, rules",
        about="A key of the role page asks for visitors alone, by the random id of regulars.js, and without rules.",
        role="page",
        query=DryRun,
        body=Ask,
        answer=Recommended,
        problems=("not-found",),
        example=Example(body={"session": [{"item": "milk"}], "basket": ["bread"], "k": 3}, answer=_list("home")),
    ),
    Endpoint(
        method="POST",
        path="/v1/rerank",
        tag="Recommendations",
        work=answers.asked,
        title="Given items in the order for somebody",
        role="read",
        query=DryRun,
        body=Rerank,
        answer=Recommended,
        problems=("not-found",),
        example=Example(body={"customer": "c1", "items": ["milk", "bread"]}, answer=_list("home", "c1")),
    ),
    *(
        Endpoint(
            method="GET",
            path=f"/v1/{scenario.replace('_', '-')}/{{item}}",
            tag="Recommendations",
            work=answers.of_item(scenario),
            title=title,
            role="read",
            query=answers.BesideItem,
            answer=Recommended,
            example=Example(params=("milk",), query={"k": "3"}, answer=_list(scenario)),
        )
        for scenario, title in (("similar", "Like an item"), ("bought_together", "Bought together with an item"))
    ),
    *(
        Endpoint(
            method="GET",
            path=f"/v1/{scenario.replace('_', '-')}/{{customer}}",
            tag="Recommendations",
            work=answers.of_customer(scenario),
            title=title,
            role="read",
            query=answers.Wanted,
            answer=Recommended,
            example=Example(params=("c1",), query={"k": "3"}, answer=_list(scenario, "c1")),
        )
        for scenario, title in (
            ("buy_again", "What a customer may need again"),
            ("recently_viewed", "What a customer looked at last"),
        )
    ),
    *(
        Endpoint(
            method="GET",
            path=f"/v1/{scenario}",
            tag="Recommendations",
            work=answers.of_shop(scenario),
            title=title,
            role="read",
            query=answers.ForCustomer,
            answer=Recommended,
            example=Example(query={"k": "3"}, answer=_list(scenario)),
        )
        for scenario, title in (("trending", "What is on the rise"), ("popular", "What sells"), ("new", "What is new"))
    ),
    Endpoint(
        method="GET",
        path="/v1/audience/{item}",
        tag="Recommendations",
        work=answers.audience,
        title="Whom to tell of an item",
        role="read",
        query=answers.Many,
        answer=Audience,
        problems=("not-found", "not-possible"),
        patience=6.0,
        about="Of all with events. The first question in an hour reads them all: 503 with Retry-After until it has.",
        example=Example(params=("milk",), answer=Audience("milk", [Reached("c1", 0.42, "als")], "", 2_469, 500)),
    ),
)


def _documents(plural: str, single: str, where: entities.Where) -> tuple[Endpoint, ...]:
    """The endpoints of items, or of customers."""
    tag, path = plural.capitalize(), f"/v1/{plural}"
    one = f"{path}/{{{single}}}"
    a = f"an {single}" if single[0] in "aeiou" else f"a {single}"
    fields: dict[str, Any] = {"price": 2.49, "brand": "Leaf", "stock": {"north": 4}}
    example = Example(params=("tea",), body=fields, answer=Written(1))
    two = Example(body=[{"id": "tea", "fields": {"price": 2.29}}], answer=Written(1))
    known = Known("tea", fields, 1_795_348_559)
    return (
        Endpoint(method="PUT", path=one, tag=tag, work=entities.put(where), title=f"Make or replace {a}",
                 role="admin", query=DryRun, body=Fields, answer=Written, example=example),
        Endpoint(method="PATCH", path=one, tag=tag, work=entities.patch(where), title=f"Lay fields over {a}",
                 about="null takes a field away.", role="admin", query=DryRun, body=Fields, answer=Written,
                 problems=("not-found",), example=example),
        Endpoint(method="GET", path=one, tag=tag, work=entities.get(where), title=a.capitalize(), role="admin",
                 answer=Known, problems=("not-found",), example=Example(params=("tea",), answer=known)),
        Endpoint(method="PUT", path=path, tag=tag, work=entities.put_many(where), title=f"Make or replace {plural}",
                 about="An array or JSON Lines.", role="admin", query=DryRun, body=Entity, lines=True, answer=Written,
                 more=(207,), example=two),
        Endpoint(method="PATCH", path=path, tag=tag, work=entities.patch_many(where),
                 title=f"Lay fields over {plural}", about="An array or JSON Lines; 207 when some are not there.",
                 role="admin", query=DryRun, body=Entity, lines=True, answer=Written, more=(207,), example=two),
        Endpoint(method="GET", path=path, tag=tag, work=entities.page(where), title=f"All {plural}, page by page",
                 role="admin", query=entities.From, answer=Page, example=Example(answer=Page([known], None))),
    )  # fmt: skip


_ITEMS = (
    *_documents("items", "item", entities.items),
    Endpoint(method="DELETE", path="/v1/items/{item}", tag="Items", work=entities.delete(entities.items),
             title="Take an item away; it is never shown again", role="admin", query=DryRun, answer=Written,
             problems=("not-found",), example=Example(params=("tea",), answer=Written(1))),
    Endpoint(method="DELETE", path="/v1/items", tag="Items", work=entities.delete_many(entities.items),
             title="Take items away", role="admin", query=entities.These, answer=Written,
             example=Example(query={"id": "tea"}, answer=Written(1))),
)  # fmt: skip
_CUSTOMERS = (
    *_documents("customers", "customer", entities.customers),
    Endpoint(method="GET", path="/v1/customers/{customer}/export", tag="Customers", work=admin.export,
             title="Everything that is kept of a customer", role="admin", answer=Export, patience=6.0,
             example=Example(params=("c1",))),
    Endpoint(method="DELETE", path="/v1/customers/{customer}", tag="Customers", work=admin.erase,
             title="Forget a customer: events, exposures, attributes", role="admin", query=DryRun, answer=Erased,
             example=Example(params=("gone",), answer=Erased("gone", 12, 3, 1))),
)  # fmt: skip
_VERSIONS = Models([Model("20261122-120203", "live", 0.0, 1_795_348_923, 1_795_348_930, "04f3e71d", {"items": 80})],
                   "20261122-120203")  # fmt: skip
_ADMIN = (
    Endpoint(method="GET", path="/v1/models", tag="Models", work=admin.models, title="The versions of the models",
             role="admin", answer=Models, example=Example(answer=_VERSIONS)),
    Endpoint(method="POST", path="/v1/models/{version}/promote", tag="Models", work=admin.promote,
             title="Make a version live", role="admin", query=DryRun, answer=Models,
             problems=("not-found", "not-possible")),
    Endpoint(method="POST", path="/v1/models/rollback", tag="Models", work=admin.roll_back,
             title="Make the version live that was so before", role="admin", query=DryRun, answer=Models,
             problems=("not-possible",)),
    Endpoint(method="POST", path="/v1/models/{version}/shadow", tag="Models", work=admin.stage("shadow"),
             title="Have a version answer everything, unseen", role="admin", query=DryRun, answer=Models,
             problems=("not-found", "not-possible")),
    Endpoint(method="POST", path="/v1/models/{version}/canary", tag="Models", work=admin.stage("canary"),
             title="Have a version answer a share of the customers", role="admin", query=DryRun, body=Share,
             answer=Models, problems=("not-found", "not-possible"), example=Example(body={"share": 0.1})),
    Endpoint(method="POST", path="/v1/models/{version}/retire", tag="Models", work=admin.stage("retired"),
             title="Have a version answer nobody", role="admin", query=DryRun, answer=Models,
             problems=("not-found", "not-possible")),
    Endpoint(method="GET", path="/v1/exposures", tag="Exposures", work=admin.exposures,
             title="What was shown, and what came of it: JSON Lines", role="admin", query=admin.Span, patience=6.0,
             media="application/x-ndjson"),
)  # fmt: skip
_ABOUT = (
    Endpoint(method="GET", path="/v1/openapi.json", tag="About", work=health.openapi, title="This document"),
    Endpoint(method="GET", path="/health/live", tag="About", work=health.live, title="Does the process run?"),
    Endpoint(method="GET", path="/health/ready", tag="About", work=health.ready, title="Can it answer?",
             about="200 also without the store: then from memory, and `status` is degraded.", answer=Health,
             more=(503,)),
    Endpoint(method="GET", path="/metrics", tag="About", work=health.metrics, title="Figures for Prometheus",
             media="text/plain"),
    Endpoint(method="GET", path="/docs", tag="About", work=health.docs, title="The API on a page",
             media="text/html"),
    Endpoint(method="GET", path="/regulars.js", tag="About", work=health.snippet, title="The script for a shop's pages",
             media="text/javascript"),
)  # fmt: skip

ENDPOINTS = (*_EVENTS, *_ANSWERS, *_ITEMS, *_CUSTOMERS, *_ADMIN, *_ABOUT)
