"""A PostgreSQL server of the tests' own, which can be stopped, killed and started again."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Server:
    """A database in a folder and the server on it; as somebody else when the tests run as root, as it insists."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://shop@127.0.0.1:{self.port}/postgres"
        self._user = {}
        if os.getuid() == 0:
            who = pwd.getpwnam("nobody")
            os.chown(folder, who.pw_uid, who.pw_gid)
            self._user = {"user": "nobody", "group": who.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", "shop", "-A", "trust", "--no-sync", "-E", "UTF8")

    def start(self):
        options = f"-p {self.port} -h 127.0.0.1 -k '' -c fsync=off -c max_connections=40"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")

    def kill(self):
        """kill -9 of the server and of every process that it has for a connection."""
        processes = self.signal(signal.SIGKILL)
        while any(map(_runs, processes)):
            time.sleep(0.01)
        self._page.unlink()  # in a container nobody may bury the dead, whose number then looks like a server

    def signal(self, number):
        """A signal to the server and to every process that it has for a connection."""
        postmaster = int(self._page.read_text().split()[0])
        processes = [postmaster, *_children(postmaster)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        return processes

    @property
    def _page(self):
        return self.folder / "data" / "postmaster.pid"

    def schema(self, name):
        """The address of an empty schema of its own."""
        import psycopg

        with psycopg.connect(self.url) as connection:
            connection.execute(f'CREATE SCHEMA "{name}"')
        return f"{self.url}?options=-csearch_path%3D{name}"

    def _run(self, program, *arguments):
        program = os.path.realpath(shutil.which(program))
        with (self.folder / "said").open("ab") as said:
            done = subprocess.run(
                [program, *arguments],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
                check=False,
                **self._user,
            )
        assert done.returncode == 0, (self.folder / "said").read_text()


def _children(parent):
    """The processes that a process has started; Linux tells them in /proc."""
    tasks = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(process) for process in tasks.read_text().split()] if tasks.exists() else []


def _runs(process):
    """Whether a process is there and not a zombie."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running():
    """A server that is stopped at the end; skips where PostgreSQL is not installed, except in CI.

    Its folder is none of pytest's, which every other run of pytest closes to other users.
    """
    if not all(shutil.which(program) for program in ("initdb", "pg_ctl")):
        message = (
            "PostgreSQL's initdb and pg_ctl are not on the path; install them, as with: apt-get install postgresql"
        )
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
