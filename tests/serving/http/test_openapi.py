"""The OpenAPI document is true: examples work as they stand, and what a fuzzer makes of it is answered as it says."""

import gc
import json
import re
import subprocess
import sys
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import one_of
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from regulars.serving.routes import ENDPOINTS

FUZZ = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def document(url):
    import urllib3

    return urllib3.request("GET", f"{url}/v1/openapi.json").json()


def test_every_endpoint_is_in_the_document_with_a_name_of_its_own(document):
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    names = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))


def test_every_endpoint_says_what_it_is_for(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            wanted = set(re.findall(r"{(\w+)}", path))
            assert {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"} == wanted


def in_order():
    """What makes things before what takes them away; models last."""
    return sorted(ENDPOINTS, key=lambda one: (one.method == "DELETE", one.tag == "Models" and one.method != "GET"))


def test_every_example_works_as_it_stands_and_its_answer_has_the_shape_that_is_told(document, url):
    import urllib3

    for endpoint in in_order():
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        path = endpoint.path.replace("{version}", "v1" if endpoint.path.endswith("promote") else "v2")
        query = []
        for one in operation.get("parameters", ()):
            example = one.get("example")
            if one["in"] == "path" and example is not None:
                path = path.replace(f"{{{one['name']}}}", quote(example, safe=""))
            elif isinstance(example, dict):
                query += [(f"{one['name']}[{name}]", value) for name, value in example.items()]
            elif example is not None:
                query += [(one["name"], value) for value in (example if isinstance(example, list) else [example])]
        content = operation.get("requestBody", {}).get("content", {})
        for media, told in content.items() or (("", {}),):
            example = told.get("example")
            body = example if isinstance(example, str) else json.dumps(example) if example is not None else None
            assert body is not None or not content, endpoint.name
            reply = urllib3.request(
                endpoint.method,
                url + path + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else ""),
                body=body,
                headers={"Content-Type": media} if media else {},
            )
            assert reply.status in (200, 409) if endpoint.path.endswith("rollback") else reply.status == 200, (
                endpoint.name,
                reply.data,
            )
            if "json" in reply.headers["content-type"] and "ndjson" not in reply.headers["content-type"]:
                check_shape(document, operation["responses"][str(reply.status)], reply.json())


def check_shape(document, response, answer):
    (told,) = response["content"].values()
    shape = Draft202012Validator({**told["schema"], "components": document["components"]})
    shape.validate(answer)
    if "example" in told:
        shape.validate(told["example"])
        assert set(told["example"]) == set(answer)


def test_making_the_document_again_and_again_upsets_nothing():
    """msgspec 0.22 frees the pattern of a text twice where it stands in a union with lists or maps."""
    code = """
import gc
from regulars.serving.openapi import document
from regulars.serving.routes import ENDPOINTS
for _ in range(60):
    document(ENDPOINTS, ("home",), keys=True)
    gc.collect()
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
    gc.collect()


@pytest.mark.slow
def test_the_fuzzer_finds_no_server_error_and_nothing_that_the_document_does_not_say(document, url):
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    found = {}
    for operation in (one.ok() for one in schema.get_all_operations()):
        if operation.tags != ["About"]:
            try:
                fuzzed(operation)
            except Exception as error:
                found[operation.label] = error
    assert not found


def fuzzed(operation):
    """Tries requests to one endpoint: such as it wants, and such as it does not."""
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path_parameters:
        modes.append(GenerationMode.NEGATIVE)
    loose = [positive_data_acceptance]  # a meaning may be wrong in a right shape
    if "207" in operation.definition.raw["responses"]:
        loose.append(negative_data_rejection)  # the good lines of a bad body are taken

    @settings(FUZZ)
    @given(case=one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def tried(case):
        # a table of wrong values in an address becomes one of texts, which is a right one
        told = [negative_data_rejection] if "context" in (case.query or {}) else []
        case.call_and_validate(excluded_checks=loose + told)

    tried()
