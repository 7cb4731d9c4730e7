"""Items and customers: put, patch, get, delete, one or many."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from regulars.core.errors import BadRecord
from regulars.store import Entities
from regulars.store import Entity as Kept

from ..calls import Call, Reply, lines_of, told
from ..problems import Problem, invalid, mistake_of
from ..schemas import Entity, Fields, Id, Known, Page, Refused, Written

Where = Callable[[Call], Entities]
Work = Callable[[Call], Awaitable[Reply]]
_one = msgspec.json.Decoder(Entity)


class From(msgspec.Struct, forbid_unknown_fields=True):
    """Pages of all."""

    after: Annotated[int, Meta(ge=0, le=2**62, description="`next` of the page before.")] = 0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1_000


class These(msgspec.Struct, forbid_unknown_fields=True):
    """Which ones."""

    id: Annotated[list[Id], Meta(min_length=1, max_length=1_000)]
    dry_run: bool = False


def items(call: Call) -> Entities:
    """The items of the store."""
    return call.service.store.items


def customers(call: Call) -> Entities:
    """The customers of the store."""
    return call.service.store.customers


def put(where: Where) -> Work:
    """Replaces or makes one."""

    async def work(call: Call) -> Reply:
        return await _write(call, where(call).put, {call.params[0]: call.body}, [])

    return work


def patch(where: Where) -> Work:
    """Lays fields over those of one."""

    async def work(call: Call) -> Reply:
        name = call.params[0]
        if call.query.dry_run:
            await _found(call, where, name)
        return await _write(call, where(call).patch, {name: call.body}, [])

    return work


def get(where: Where) -> Work:
    """One as it is."""

    async def work(call: Call) -> Reply:
        return told(_known(await _found(call, where, call.params[0])))

    return work


def page(where: Where) -> Work:
    """Some of all."""

    async def work(call: Call) -> Reply:
        after, limit = call.query.after, call.query.limit
        found = await call.aside(where(call).since, after, limit)
        left = [_known(one) for one in found if not one.deleted]
        return told(Page(left, found[-1].place if len(found) == limit else None))

    return work


def put_many(where: Where) -> Work:
    """Replaces or makes many."""

    async def work(call: Call) -> Reply:
        return await _write(call, where(call).put, *_read(call))

    return work


def patch_many(where: Where) -> Work:
    """Lays fields over those of many."""

    async def work(call: Call) -> Reply:
        return await _write(call, where(call).patch, *_read(call))

    return work


def delete(where: Where) -> Work:
    """Takes one away."""

    async def work(call: Call) -> Reply:
        await _found(call, where, call.params[0])
        return await _delete(call, where, [call.params[0]])

    return work


def delete_many(where: Where) -> Work:
    """Takes those away that are there."""

    async def work(call: Call) -> Reply:
        return await _delete(call, where, call.query.id)

    return work


async def _delete(call: Call, where: Where, ids: list[str]) -> Reply:
    gone = 0 if call.query.dry_run else await call.aside(where(call).delete, ids)
    if gone:
        call.service.refresh()
    return told(Written(gone, dry_run=call.query.dry_run))


async def _found(call: Call, where: Where, name: str) -> Kept:
    (found,) = await call.aside(where(call).get, [name])
    if found is None or found.deleted:
        raise Problem("not-found", f"there is nothing with the id {name!r}")
    return found


async def _write(
    call: Call, write: Callable[[Mapping[str, Any]], Any], entities: dict[str, Fields], refused: list[Refused]
) -> Reply:
    if refused and not entities:
        first = refused[0]
        raise Problem("invalid", f"nothing was written; line {first.line}: {first.reason}", refused=refused)
    missing: list[str] = []
    if not call.query.dry_run:
        missing = (await call.aside(write, entities)) or []
        call.service.refresh()
    if missing and call.params:
        raise Problem("not-found", f"there is nothing with the id {missing[0]!r}; PUT makes it")
    written = 0 if call.query.dry_run else len(entities) - len(missing)
    return told(Written(written, refused, missing, call.query.dry_run), 207 if refused or missing else 200)


def _read(call: Call) -> tuple[dict[str, Fields], list[Refused]]:
    parts = lines_of(call.raw, call.media)
    if not parts:
        raise invalid("body", 'at least one document, such as {"id": "a", "fields": {}}')
    if len(parts) > call.limits.max_lines:
        raise Problem("too-large", f"at most {call.limits.max_lines:,} documents in one request; it has {len(parts):,}")
    found: dict[str, Fields] = {}
    refused: list[Refused] = []
    for number, part in enumerate(parts, 1):
        try:
            one = _one.decode(part)
        except msgspec.ValidationError as error:
            refused.append(Refused(number, *mistake_of(error)[::-1]))
        except (msgspec.DecodeError, RecursionError, UnicodeError, BadRecord) as error:
            refused.append(Refused(number, f"not JSON: {error}"))
        else:
            if one.id in found:
                refused.append(Refused(number, f"{one.id!r} is in this request twice; the first one counts", "id"))
            else:
                found[one.id] = one.fields
    return found, refused


def _known(one: Kept) -> Known:
    return Known(one.id, dict(one.fields), one.changed)
