"""A small shop in files, and the command line as a user has it: in this process and in one of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from typer.testing import CliRunner

from regulars.cli import app
from regulars.core import DAY

START = 1_700_000_000  # 14 November 2023
DAYS = 120
GROUPS = ("tea", "bread", "fruit", "soap")  # communities: 10 items and 15 customers each
SHELF = [n % 10 != 9 for n in range(40)]  # the last item of each group is not for sale
WIDE = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def events(seed=0):
    """A visit every few days: three items of the own community looked at, one in the cart, most of those bought."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(60):
        group = customer % 4
        moments = np.sort(random.integers(0, DAYS * DAY, size=16)) + START
        for moment in moments.tolist():
            looked = random.permutation(10)[:3] + 10 * (group if random.random() < 0.9 else int(random.integers(4)))
            row = [f"c-{customer:03d}", f"{int(looked[0]):04d}"]
            rows += [[row[0], f"{int(item):04d}", moment + 20 * n, "view"] for n, item in enumerate(looked)]
            rows.append([*row, moment + 90, "cart"])
            if random.random() < 0.8:
                rows.append([*row, moment + 120, "purchase"])
                if random.random() < 0.05:
                    rows.append([*row, moment + 2 * DAY, "return"])
    rows.sort(key=lambda row: row[2])
    return pl.DataFrame(rows, schema=["customer_id", "item_id", "timestamp", "event_type"], orient="row")


def items():
    """Forty items with leading zeros in their ids."""
    return pl.DataFrame(
        {
            "item_id": [f"{n:04d}" for n in range(40)],
            "title": [f"{GROUPS[n // 10]} no. {n % 10}" for n in range(40)],
            "category": [GROUPS[n // 10] for n in range(40)],
            "price": [1.5 + n / 4 for n in range(40)],
            "on_shelf": SHELF,
        }
    )


def customers():
    """Sixty customers with a town each."""
    names = [f"c-{n:03d}" for n in range(60)]
    return pl.DataFrame({"customer_id": names, "city": ["Ulm", "Bonn", "Zürich"] * 20, "age": list(range(20, 80))})


@dataclass(frozen=True)
class Answer:
    """What a command said and with which code it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None = None

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def said(self):
        """Everything as one line of single spaces."""
        return " ".join((self.out + self.err).split())


@dataclass(frozen=True)
class Shop:
    """A folder with a shop's tables, its regulars.toml, and the commands that run on it."""

    folder: Path
    env: dict = field(default_factory=lambda: dict(WIDE))

    @property
    def config(self):
        return self.folder / "regulars.toml"

    @property
    def output(self):
        return self.folder / "regulars-out"

    def run(self, verb, *words):
        """The command in this process. An exception that is not an exit is a failure of the command line."""
        options = () if "--config" in words or verb.startswith("-") else ("--config", str(self.config))
        done = CliRunner().invoke(app, [verb, *map(str, words), *options], env=self.env)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def ok(self, verb, *words):
        answer = self.run(verb, *words)
        assert answer.code == 0, answer.said
        return answer

    def start(self, *words, **how):
        """The command in a process of its own, from the folder of the shop, without a terminal."""
        env = {**os.environ, **self.env, "NUMBA_NUM_THREADS": "1", **how.pop("env", {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
        return subprocess.Popen([*MORTAL, *REGULARS, *map(str, words)], cwd=self.folder, env=env, text=True, **pipes)

    def finish(self, *words, **how):
        process = self.start(*words, **how)
        out, err = process.communicate(timeout=120)
        return Answer(process.returncode, out, err)

    def write(self, text, *, rest=True):
        """A regulars.toml: `text`, and unless it says all, quick methods and short periods."""
        self.config.write_text(text + (REST if rest else ""), encoding="utf-8")
        return self

    def log(self, frame, name="events.csv"):
        frame.write_csv(self.folder / name)
        return self

    def text(self, text, name="events.csv"):
        (self.folder / name).write_text(text, encoding="utf-8")
        return self


REGULARS = (sys.executable, "-m", "regulars")
MORTAL = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()  # ends with the tests, however they end
TABLES = """\
name = "Corner shop"
[events]
paths = ["events.csv"]
[items]
paths = ["items.csv"]
name = ["title"]
category = "category"
[customers]
paths = ["customers.csv"]
[recommend]
k = 5
"""
EVENTS = """\
[events]
paths = ["events.csv"]
"""
REST = """\
[split]
days = 20
[methods.popularity]
[methods.item_knn]
[blends.both]
of = ["item_knn", "popularity"]
"""


def laid_out(folder):
    """A folder with the three tables as CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = Shop(folder)
    for name, table in (("events", events()), ("items", items()), ("customers", customers())):
        shop.log(table, f"{name}.csv")
    return shop
