"""Replicas of a service in processes of their own, who asks them, and the databases behind them."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

ROOT = Path(__file__).parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1
ALONE = {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
_TICKS = os.sysconf("SC_CLK_TCK")


class Replica:
    """A server of a shop (benchmarks.serving_shop) on one core."""

    def __init__(
        self, folder: Path, store: str = "", *, core: int | None = SERVER_CORE, said: IO[str] | None = None
    ) -> None:
        self.folder, self.store, self.core, self.said = folder, store, core, said
        self.port = free_port()
        self.start_seconds = 0.0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Replica":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, patience: float = 300.0) -> None:
        """Starts it, and returns when it answers; start_seconds: from the first line of Python until then."""
        began = time.perf_counter()
        self._process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env={**os.environ, **ALONE, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
            stdout=self.said or subprocess.DEVNULL,
            stderr=self.said,
            text=True,
        )
        if self.core is not None:
            os.sched_setaffinity(self._process.pid, {self.core})
        while time.perf_counter() - began < patience:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}")
            if self._ready():
                self.start_seconds = time.perf_counter() - began
                return
            time.sleep(0.02)
        raise RuntimeError("the server did not come up")

    def command(self) -> list[str]:
        """What is started."""
        command = [sys.executable, "-m", "benchmarks.serving_shop", str(self.folder), "--port", str(self.port)]
        return [*command, "--store", self.store] if self.store else command

    def stop(self) -> None:
        """As a shop's administrator stops it: open requests are answered."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def cpu_seconds(self) -> float:
        """That it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        """Memory that it holds, mapped files left out."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024

    def get(self, path: str) -> Any:
        """What a GET answers, as JSON."""
        from urllib.request import urlopen

        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: bytes = b"") -> Any:
        """What a POST answers, as JSON. Raises HTTPError."""
        from urllib.request import Request, urlopen

        request = Request(f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def _ready(self) -> bool:
        try:
            return bool(self.get("/health/ready")["status"] != "starting")
        except OSError:
            return False


class Asking:
    """A load generator at work (benchmarks.load)."""

    def __init__(self, replica: Replica, plan: Mapping[str, Any], *, core: int | None = CLIENT_CORE) -> None:
        self._told = tempfile.NamedTemporaryFile("r")  # noqa: SIM115  lives as long as the generator
        command = [sys.executable, "-m", "benchmarks.load", "--told", self._told.name]
        command += ["--core", str(core)] if core is not None else []
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"port": replica.port, **plan}))
        self._process.stdin.close()

    def result(self) -> dict[str, Any]:
        """Waits until it has done its plan."""
        with self._told:
            if self._process.wait():
                raise RuntimeError("the load generator broke down")
            return dict(json.load(self._told))


def asked(replica: Replica, plan: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a plan, with the CPU milliseconds that the server needed for each request."""
    asking = Asking(replica, plan)
    time.sleep(plan.get("warm", 0.0) + 0.5)  # the generator's own start
    began, cpu = time.perf_counter(), replica.cpu_seconds()
    time.sleep(max(0.0, plan["seconds"] - 1.0))
    busy = (replica.cpu_seconds() - cpu) / (time.perf_counter() - began)
    told = asking.result()
    told["busy"] = busy
    told["cpu_ms"] = 1e3 * busy / max(told["per_second"], 1e-9)
    return told


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Postgres:
    """A PostgreSQL of its own, which writes to the disk as it does in a shop."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgresql://shop@127.0.0.1:{self.port}/postgres"
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:  # as whom it refuses to run
            who = pwd.getpwnam("nobody")
            os.chown(folder, who.pw_uid, who.pw_gid)
            self._user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", "data", "-U", "shop", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"-p {self.port} -h 127.0.0.1 -k ''", "start")

    def stop(self, how: str = "fast") -> None:
        """how: "fast", or "immediate" for what a power cut leaves."""
        self._run("pg_ctl", "-D", "data", "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        found = shutil.which(program)
        if found is None:
            raise RuntimeError(f"there is no {program} on the path; install PostgreSQL")
        with (self.folder / "said").open("ab") as said:
            subprocess.run(
                [os.path.realpath(found), *arguments],
                cwd=self.folder,
                env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
                stdout=said,
                stderr=said,
                check=True,
                **self._user,
            )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """One that is there for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
