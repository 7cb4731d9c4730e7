"""The fixtures of the contract suites: one subject after another."""

import pytest

from contracts.subjects import EXPLAINERS, FINDERS, METHOD_SUBJECTS, SUBJECTS, Subject


@pytest.fixture(params=SUBJECTS, scope="session")
def subject(request) -> Subject:
    return SUBJECTS[request.param]


@pytest.fixture(params=METHOD_SUBJECTS, scope="session")
def method(request) -> Subject:
    return METHOD_SUBJECTS[request.param]


@pytest.fixture(params=EXPLAINERS, scope="session")
def explainer(request) -> Subject:
    return SUBJECTS[request.param]


@pytest.fixture(params=FINDERS, scope="session")
def finder(request) -> Subject:
    return SUBJECTS[request.param]
