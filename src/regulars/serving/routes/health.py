"""Health, metrics and the pages about the API."""

from importlib import resources

from regulars.core.errors import StoreError

from ..calls import Call, Reply, told
from ..metrics import CONTENT_TYPE
from ..schemas import Health

STATIC = resources.files("regulars.serving") / "static"


async def live(call: Call) -> Reply:
    """The process runs."""
    return told({"status": "ok"})


async def ready(call: Call) -> Reply:
    """Whether it can answer: also without its store, from memory."""
    try:
        await call.aside(call.service.store.ping)
        store = "up"
    except StoreError:
        store = "away"
    answers = call.service.ready()
    status = "starting" if not answers else "ok" if store == "up" else "degraded"
    deployment = call.service.shop().deployment if answers else None
    problems = call.service.problems()
    health = Health(
        status, store, deployment.version if deployment else "", list(problems), problems.get("starting", "")
    )
    return told(health, 200 if answers else 503)


async def metrics(call: Call) -> Reply:
    """Figures for Prometheus."""
    return Reply(await call.aside(call.metrics.page), media=CONTENT_TYPE)


async def openapi(call: Call) -> Reply:
    """What this API is, for machines."""
    return Reply(call.document)


async def docs(call: Call) -> Reply:
    """The API on one page, drawn from /v1/openapi.json."""
    return Reply((STATIC / "docs.html").read_bytes(), media=b"text/html; charset=utf-8")


async def snippet(call: Call) -> Reply:
    """The script for a shop's pages."""
    return Reply(
        (STATIC / "regulars.js").read_bytes(),
        media=b"text/javascript; charset=utf-8",
        headers=((b"cache-control", b"public, max-age=3600"), (b"access-control-allow-origin", b"*")),
    )
