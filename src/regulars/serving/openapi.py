"""The OpenAPI document, made from the table of endpoints and the shapes that the decoder checks."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from regulars import __version__

from .calls import Endpoint, encode
from .problems import KINDS
from .schemas import Id, ProblemDetails

REFERENCE = "#/components/schemas/{name}"
EVERYWHERE = ("overloaded", "store-away", "timed-out", "disk-full")
JSON_LINES = "application/x-ndjson"


def document(endpoints: Sequence[Endpoint], scenarios: Sequence[str], *, keys: bool) -> bytes:
    """The whole document as JSON. keys: whether this service wants them."""
    kinds = [one for end in endpoints for one in (end.body, end.answer, end.query) if one is not None]
    kinds = list(dict.fromkeys([ProblemDetails, *kinds]))
    found, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    schemas = dict(zip(map(repr, kinds), found, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schemas, components)
        if endpoint.role and keys:
            operation["security"] = [{"bearer": []}, {"header": []}]
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    queries = {end.query.__name__ for end in endpoints}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Regulars", "version": __version__, "description": _about(scenarios)},
        "paths": paths,
        "x-problems": KINDS,
        "components": {
            "schemas": {name: one for name, one in components.items() if name not in queries},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }
    return encode(whole)


def _about(scenarios: Sequence[str]) -> str:
    return (
        "Recommendations for a shop's site, and the events that they learn from. Errors are problem+json (RFC 9457) "
        "and say what was wanted; every answer carries X-Request-Id. This service's scenarios: " + ", ".join(scenarios)
    )


def _operation(endpoint: Endpoint, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": endpoint.title,
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, schemas),
    }
    about = [endpoint.about] if endpoint.about else []
    if endpoint.role:
        about.append(f"Needs a key of the role {endpoint.role}.")
    if about:
        told["description"] = " ".join(about)
    parameters = [*_path_parameters(endpoint), *_query_parameters(endpoint, components)]
    if parameters:
        told["parameters"] = parameters
    if endpoint.body is not None:
        told["requestBody"] = _request(endpoint, schemas[repr(endpoint.body)])
    return told


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-z]+", endpoint.path.removeprefix("/v1").replace("{", "by_"))
    return "_".join([endpoint.method.lower(), *words])


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    values = endpoint.example.params or ("",) * len(names)
    schema = msgspec.json.schema(Id)
    return [
        {"name": name, "in": "path", "required": True, "schema": schema, **({"example": value} if value else {})}
        for name, value in zip(names, values, strict=False)
    ]


def _query_parameters(endpoint: Endpoint, components: dict[str, Any]) -> list[dict[str, Any]]:
    shape = components[endpoint.query.__name__]
    return [
        _query_parameter(endpoint, name, dict(schema), required=name in shape.get("required", ()))
        for name, schema in shape["properties"].items()
    ]


def _query_parameter(endpoint: Endpoint, name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    if about := schema.pop("description", ""):
        told["description"] = about
    if required:
        told["required"] = True
    if schema.get("type") == "object":
        told |= {"style": "deepObject", "explode": True}
    given = {key: value for key, value in endpoint.example.query.items() if key.partition("[")[0] == name}
    if given:
        (key, value), *_ = given.items()
        inner = key.partition("[")[2].rstrip("]")
        typed: Any = int(value) if schema.get("type") == "integer" else value
        told["example"] = {inner: value} if inner else [value] if schema.get("type") == "array" else typed
    return told


def _request(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    example = {} if endpoint.example.body is None else {"example": endpoint.example.body}
    if not endpoint.lines:
        return {"required": True, "content": {"application/json": {"schema": schema, **example}}}
    several = {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": 10_000}]}
    lines = {"schema": {"type": "string"}}
    if isinstance(endpoint.example.body, list):
        lines["example"] = "\n".join(encode(line).decode() for line in endpoint.example.body)  # type: ignore[assignment]
    return {"required": True, "content": {"application/json": {"schema": several, **example}, JSON_LINES: lines}}


def _responses(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"schema": schemas[repr(endpoint.answer)] if endpoint.answer is not None else {}}
    if endpoint.media != "application/json":
        good = {"schema": {"type": "string"}}
    elif endpoint.example.answer is not None:
        good["example"] = endpoint.example.answer
    found: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": {endpoint.media: good}}
        for status in (endpoint.status, *endpoint.more)
    }
    problem = {"application/problem+json": {"schema": schemas[repr(ProblemDetails)]}}
    for kind in _kinds(endpoint):
        status, title = KINDS[kind]
        if str(status) not in found:
            found[str(status)] = {"description": title, "content": problem}
    return found


def _kinds(endpoint: Endpoint) -> list[str]:
    """The problems that may come."""
    kinds = ["malformed", "invalid", *endpoint.problems]
    if endpoint.role:
        kinds += ["no-key", "not-allowed", "too-many", *EVERYWHERE]
    if endpoint.body is not None:
        kinds += ["too-slow", "too-large", "wrong-media-type"]
    if "{" in endpoint.path:
        kinds.append("not-found")
    return kinds
