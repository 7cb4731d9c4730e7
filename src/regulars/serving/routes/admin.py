"""What administrators do: erasure and export of a customer, versions of the models, the log of what was shown."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from regulars.store import Version

from ..calls import Call, Reply, told
from ..limits import LINES
from ..loading import verify
from ..schemas import Erased, Export, Model, Models

FLUSH_SECONDS = 5.0
ANSWERING = ("shadow", "canary")
Work = Callable[[Call], Awaitable[Reply]]


class Span(msgspec.Struct, forbid_unknown_fields=True):
    """Exposures of a span of time, and how long after them an event still counts for one; seconds."""

    start: Annotated[int, Meta(ge=0, le=2**40)] = 0
    end: Annotated[int, Meta(ge=0, le=2**40, description="0: now.")] = 0
    window: Annotated[int, Meta(ge=0, le=2**31)] = 7 * 86_400


async def export(call: Call) -> Reply:
    """Everything that is kept of a customer."""
    customer = call.params[0]
    return told(await call.aside(_export, call, customer))


async def erase(call: Call) -> Reply:
    """Forgets a customer for good."""
    customer = call.params[0]
    store = call.service.store
    if call.query.dry_run:
        found = await call.aside(_export, call, customer)
        shown = len({one["exposure_id"] for one in found.exposures})
        return told(Erased(customer, len(found.events), shown, int(bool(found.fields)), True))
    await call.aside(call.service.exposing.flush, FLUSH_SECONDS)  # what waits would come after the erasure
    owner = await call.aside(store.events.owner, customer)
    gone = await call.aside(store.erasures.erase, customer)
    for known in (customer, owner):
        call.service.engine.forget(known)
    return told(Erased(customer, *gone))


async def models(call: Call) -> Reply:
    """All versions."""
    found = await call.aside(call.service.store.models.all)
    deployment = call.service.shop().deployment
    listed = [
        Model(one.name, one.stage, one.share, one.made, one.promoted, one.fingerprint, dict(one.facts)) for one in found
    ]
    return told(
        Models(
            listed, deployment.version if deployment else "", dict(call.service.problems()), call.service.engine.history
        )
    )


async def promote(call: Call) -> Reply:
    """Makes a version live."""
    await call.aside(_checked, call)
    if not call.query.dry_run:
        await call.aside(call.service.store.models.promote, call.params[0])
        call.service.refresh()
    return await models(call)


async def roll_back(call: Call) -> Reply:
    """Makes the version live that was so before."""
    if not call.query.dry_run:
        await call.aside(call.service.store.models.roll_back)
        call.service.refresh()
    return await models(call)


def stage(name: str) -> Work:
    """Puts a version to a stage."""

    async def work(call: Call) -> Reply:
        await call.aside(_checked if name in ANSWERING else _known, call)
        share = call.body.share if call.body is not None else 0.0
        if not call.query.dry_run:
            await call.aside(call.service.store.models.stage, call.params[0], name, share)
            call.service.refresh()
        return await models(call)

    return work


async def exposures(call: Call) -> Reply:
    """What was shown and what came of it, as JSON Lines."""
    query = call.query
    frame = await call.aside(
        lambda: call.service.store.exposures.outcomes(start=query.start, end=query.end or None, window=query.window)
    )
    return Reply((await call.aside(frame.write_ndjson)).encode(), media=LINES)


def _known(call: Call) -> Version:
    return call.service.versions.known(call.params[0])


def _checked(call: Call) -> None:
    """Looks at every byte of a version before it answers anybody."""
    verify(call.service.versions.path(_known(call).name))


def _export(call: Call, customer: str) -> Export:
    store = call.service.store
    owner = store.events.owner(customer)
    (history,) = store.events.histories([owner], last=2**31 - 1)
    (entity,) = store.customers.get([owner])
    shown = store.exposures.frame()
    own: list[dict[str, Any]] = shown.filter(shown["user_id"] == owner).to_dicts()
    fields = {} if entity is None or entity.deleted else dict(entity.fields)
    return Export(owner, fields, [event._asdict() for event in history], own)
