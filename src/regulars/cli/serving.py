"""serve and keys: the service over HTTP, and who may ask it."""

import ipaddress
import logging
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import polars as pl
import typer
from rich.markup import escape

from regulars.core import Run
from regulars.core.errors import ConfigError, MissingExtra, SettingError, UnknownId
from regulars.store import Key, Store, open_store

from .app import HERE, AsJson, ConfigPath, Quiet, Threads, verb
from .bars import watched
from .console import emit, say, tell
from .project import Project
from .service import first_day, setup_of, store_address
from .tables import show

ROLES = ("events", "page", "read", "admin")
KEY_ACTS = ("list", "make", "revoke")
MEGABYTE = 1_000_000
PATIENCE = 5.0  # seconds to load models and catalog; then /health/ready tells what takes so long


class Place(NamedTuple):
    """Where the service listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@verb("regulars serve --port 8080")
def serve(
    config: ConfigPath = HERE,
    host: Annotated[str | None, typer.Option("--host", help=r"Default: host of \[serve].")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help=r"Default: port of \[serve]; 0: any free one.")
    ] = None,
    open_to_all: Annotated[
        bool, typer.Option("--open", help="Ask for no keys: for trying things on one machine only.")
    ] = False,
    access_log: Annotated[bool, typer.Option(help="One line of JSON on the error stream for each request.")] = True,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Serve recommendations and take events over HTTP.

    On the first day the shop's tables are loaded into a new store, and the fitted model answers; without either it
    serves what comes in.
    """
    try:
        from regulars.serving import logs
        from regulars.serving.app import app
        from regulars.serving.gate import Access
        from regulars.serving.limits import Limits
        from regulars.serving.server import server, settle
        from regulars.serving.wiring import open_service
    except ModuleNotFoundError as error:
        raise MissingExtra(str(error.name), "serve") from error
    project = Project.open(config)
    given = project.config.serve
    place = Place(host or given.host, given.port if port is None else port)
    open_to_all = open_to_all or given.open
    check_open(place.host, open_to_all=open_to_all)
    listening = bound(place)
    place = place._replace(port=listening.getsockname()[1])
    store = open_store(store_address(project))
    with watched(quiet=quiet, **project.how(None, threads)) as run:
        first_day(project, store, run)
    if not open_to_all:
        _first_key(store)
    plain = Run(**project.how(None, threads))
    setup = replace(setup_of(project, config, plain), compiling=True)
    limits = Limits(max_bytes=int(given.max_megabytes * MEGABYTE), requests_per_minute=given.requests_per_minute)
    logs.configured(logging.INFO, requests=access_log)
    service = open_service(setup, store, patience=PATIENCE, opened=settle)
    try:
        web = app(service, access=Access(open_to_all, given.origins), limits=limits)
        settle()
        listening.listen()
        say(f"serving {project.config.name} at {place.url}; the API is explained at {place.url}/docs")
        if not service.ready():
            say(f"not ready yet: {service.problems().get('starting', 'see /health/ready')}")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal that stopped it once more
            server(web, place.host, place.port).run(sockets=[listening])
    finally:
        service.close()


@verb("regulars keys make site --role page")
def keys(
    act: Annotated[str, typer.Argument(help=f"One of {', '.join(KEY_ACTS)}.")] = "list",
    name: Annotated[str, typer.Argument(help="Of the key: who uses it.")] = "",
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            help="events: may post events; page: that, and ask for a visitor; read: may ask; admin: everything. "
            "May be repeated.",
        ),
    ] = None,
    config: ConfigPath = HERE,
    as_json: AsJson = False,
) -> None:
    """Make, list and revoke the keys of the service; a key is shown once, when it is made.

    A revoked key is refused within seconds. Pages in browsers get keys of the role page, as everybody can read them.
    """
    if act not in KEY_ACTS:
        raise SettingError(f"keys can {', '.join(KEY_ACTS)}; asked for was {act!r}")
    store = open_store(store_address(Project.open(config)))
    try:
        if act == "make":
            _tell_made(store, name, tuple(role or ()), as_json=as_json)
        elif act == "revoke":
            _revoke(store, name)
        else:
            _list(store.keys.all(), as_json=as_json)
    finally:
        store.close()


def check_open(host: str, *, open_to_all: bool) -> None:
    """Raises ConfigError when everybody on the network could do everything."""
    if open_to_all and not _on_this_machine(host):
        raise ConfigError(
            f"[serve] open = true is for one machine only, and host = {host!r} lets others in. Take open away and make "
            "keys (regulars keys make NAME --role read), or serve on 127.0.0.1"
        )


def bound(place: Place) -> socket.socket:
    """A socket that listens there. Raises ConfigError."""
    found = None
    try:
        family, *_, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        if found is not None:
            found.close()
        raise ConfigError(
            f"{place.host}:{place.port} cannot be listened at: {error.strerror or error}. Choose another place with "
            "--host and --port"
        ) from error
    return found


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first_key(store: Store) -> None:
    """A key for everything, if there is none at all, told on the terminal this once."""
    if store.keys.all():
        return
    secret = _made(store, "first", ("admin",))
    say("the first key, which may do everything; it is shown only now:")
    tell(escape(secret))
    say("make others with: regulars keys make NAME --role page")


def _made(store: Store, name: str, roles: tuple[str, ...]) -> str:
    from regulars.serving.keys import made

    secret, key = made(name, roles)
    store.keys.put(key)
    return secret


def _tell_made(store: Store, name: str, roles: tuple[str, ...], *, as_json: bool) -> None:
    if not name or not roles:
        raise SettingError("keys make wants a name and a role, such as: regulars keys make site --role page")
    if wrong := [role for role in roles if role not in ROLES]:
        raise SettingError(f"a role is one of {', '.join(ROLES)}; it is {wrong[0]!r}")
    if any(key.name == name and not key.revoked for key in store.keys.all()):
        raise SettingError(f"there is a key called {name} already; revoke it first: regulars keys revoke {name}")
    secret = _made(store, name, roles)
    if as_json:
        emit({"name": name, "roles": roles, "key": secret})
        return
    say(f"the key {name} ({', '.join(roles)}); it is shown only now:")
    tell(escape(secret))


def _revoke(store: Store, name: str) -> None:
    if not store.keys.revoke(name):
        raise UnknownId(f"there is no key {name!r} in use; regulars keys lists them")
    say(f"{name} is revoked")


def _list(found: list[Key], *, as_json: bool) -> None:
    rows = [
        {"name": key.name, "roles": ", ".join(key.roles), "made": day(key.made), "revoked": day(key.revoked)}
        for key in found
    ]
    if as_json:
        emit(rows)
    elif rows:
        show(pl.DataFrame(rows), "keys")
    else:
        say("there is no key yet; make one with: regulars keys make NAME --role page")


def day(seconds: int) -> str:
    """A moment as people read it; nothing for never."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else ""
