"""What holds for every test: no deadline on a shared machine, and nothing is skipped in CI."""

import os

import pytest
from hypothesis import HealthCheck, settings

from servers import running

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch's threads spin when tests share the cores

CI = os.environ.get("CI", "").lower() in ("1", "true")

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if CI else "here")


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server on a free port, stopped at the end."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """The address of that server."""
    return postgres_server.url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped; in CI every test runs: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped; in CI every test runs: {report.longrepr}"
    return report
