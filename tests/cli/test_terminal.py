"""What the terminal shows: help, tables that fit, bars for those who wait, and nothing broken without a terminal."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

import polars as pl
import pytest
from rich.console import Console
from typer.main import get_command
from typer.testing import CliRunner

from cli.corner import TABLES, Shop
from regulars.cli import app, bars, tables
from regulars.core import Progress

VERBS = list(get_command(app).commands)
NARROW = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_explains_itself_with_an_example(verb):
    said = CliRunner().invoke(app, [verb, "-h"], env=NARROW).stdout
    assert f"Example: regulars {verb}" in said
    assert all(len(line.rstrip()) <= 80 for line in said.splitlines())
    command = get_command(app).commands[verb]
    words = [command.help, *(getattr(option, "help", None) for option in command.params)]
    assert not [one for one in words if one and re.search(r"(?<!\\)\[[a-z]", one)], "a mark, which is lost"


def test_help_names_every_command_and_where_to_start(tmp_path):
    said = Shop(tmp_path, NARROW).run("--help").out
    assert {"init", "check", "fit", "evaluate", "compare", "recommend", "similar", "report", "demo"} <= set(VERBS)
    assert all(re.search(rf"^│ {verb} ", said, flags=re.MULTILINE) for verb in VERBS)
    assert "Start with: regulars demo" in said


def test_version_is_that_of_the_package(tmp_path):
    from importlib.metadata import version

    answer = Shop(tmp_path).run("--version")
    assert (answer.code, answer.out) == (0, f"regulars {version('regulars')}\n")


def drawn(frame, width, monkeypatch, capsys, **how):
    monkeypatch.setattr(tables, "out", Console(width=width, highlight=False, no_color=True))
    tables.show(frame, **how)
    return capsys.readouterr().out


STANDINGS = pl.DataFrame(
    {
        "name": ["personal_and_als", "popularity"],
        "mean": [0.7583, 0.00004],
        "span": ["0.6903 to 0.8049", "0.0000 to 0.0001"],
        "p": [0.0639, None],
        "verdict": ["no difference", "worse"],
    }
)


@pytest.mark.parametrize("width", [40, 50, 60, 80, 200])
def test_no_name_number_or_word_is_broken_however_narrow_the_terminal(monkeypatch, capsys, width):
    text = drawn(STANDINGS, width, monkeypatch, capsys, spare=("p", "verdict", "mean"), whole=("span",))
    assert all(len(line) <= width for line in text.splitlines())
    words = set(text.split())
    assert {"personal_and_als", "popularity", "name", "span"} <= words
    assert "0.6903 to 0.8049" in text
    assert words & {"differenc", "e", "0.758", "popularit", "y"} == set()


def test_columns_go_in_their_order_and_the_reader_is_told(monkeypatch, capsys):
    wide = drawn(STANDINGS, 80, monkeypatch, capsys, spare=("p", "mean"))
    narrow = drawn(STANDINGS, 56, monkeypatch, capsys, spare=("p", "mean"), whole=("span",))
    assert " p " in wide
    assert "wider" not in wide
    assert "p: in a wider terminal, or with --json" in narrow
    assert "0.7583" in narrow


def test_numbers_and_marks_are_shown_as_they_are(monkeypatch, capsys):
    frame = pl.DataFrame({"id": ["[bold]x[/]", "日本 [red]"], "n": [1234567, None], "x": [-0.00001, float("nan")]})
    text = drawn(frame, 80, monkeypatch, capsys, title="[of] it")
    assert re.search(r"\[bold]x\[/]  1,234,567 +0\.0000", text)
    assert "日本 [red]" in text
    assert "[of] it" in text
    assert text.count("-  ") == 1  # nothing; not a number is the last column


def test_a_long_text_is_wrapped_between_words(monkeypatch, capsys):
    frame = pl.DataFrame({"item": ["tea"], "reason": ["because you bought green tea on 7 March 2024"]})
    text = drawn(frame, 40, monkeypatch, capsys)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert "because you bought green tea on" in " ".join(text.split())


def test_tables_of_every_command_fit_80_columns(shop):
    blend = '[methods.popularity]\n[methods.item_knn]\n[blends.popularity_and_knn]\nof = ["popularity", "item_knn"]\n'
    narrow = Shop(shop.write(f"{TABLES}[split]\ndays = 20\n{blend}", rest=False).folder, NARROW)
    compared = narrow.ok("compare").out
    narrow.ok("fit", "--method", "item_knn")
    for words in (("check",), ("recommend", "--customer", "c-001"), ("similar", "0001"), ("evaluate", "item_knn")):
        compared += narrow.ok(*words).out
    assert all(len(line) <= 80 for line in compared.splitlines() if "  " in line)
    assert {"popularity_and_knn", "popularity", "reference", "difference", "coverage"} <= set(compared.split())


def test_a_bar_appears_after_two_seconds_and_goes_when_the_work_is_done(monkeypatch):
    clock = [0.0]
    shown = bars._Bars()
    monkeypatch.setattr(shown.progress, "get_time", lambda: clock[0])
    screen = Console(width=80, force_terminal=True, no_color=True)

    def seen():
        with screen.capture() as capture:
            screen.print(shown.late())
        return capture.get()

    shown(Progress("als", 1, 8, (("loss", 12345.678),)))
    assert "als" not in seen()
    clock[0] = 2.5
    shown(Progress("als", 2, 8, (("loss", 12345.678),)))
    shown(Progress("save the model", 0, 1))
    assert re.search(r"als .* 25% 0:00:02 0:00:1\d left loss 1\.235e\+04", " ".join(seen().split()))
    clock[0] = 5.0
    assert "save the model" in seen()
    shown(Progress("save the model", 1, 1))
    shown(Progress("als", 8, 8))
    assert seen().strip() == ""


@pytest.fixture(scope="module")
def ready(gone_through):
    """A shop with a fitted model; commands run in processes of their own."""
    return gone_through[0]


def test_json_stands_alone_on_the_output_stream(ready):
    answer = ready.finish("recommend", "--customer", "c-001", "--json")
    assert answer.code == 0
    assert len(answer.json) == 10
    assert answer.err == ""


def test_an_error_leaves_the_output_stream_empty(ready):
    answer = ready.finish("similar", "9999", "--json")
    assert (answer.code, answer.out) == (4, "")
    assert answer.err == "error (UnknownId): item '9999' is unknown; 40 are known, the first is '0027'\n"


def test_a_closed_pipe_shows_no_traceback(ready):
    process = ready.start("recommend", "--customer", "c-001")
    process.stdout.close()
    with process.stderr as said:
        assert said.read() == ""
    assert process.wait(60) == 1


def test_an_error_of_the_code_shows_its_traceback_and_exits_with_1(ready):
    broken = (
        "import regulars.cli.project as p; p.Project.open = lambda path: 1 / 0\nfrom regulars.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", broken, "check"], cwd=ready.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_a_terminal_without_unicode_gets_what_it_can_show(ready):
    answer = ready.finish("recommend", "--customer", "c-001", "-k", "1", env={"PYTHONIOENCODING": "ascii"})
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.isascii()
    assert "because you" in answer.out


@pytest.mark.slow
def test_in_a_terminal_whoever_waits_sees_a_bar(ready):
    slow = (
        "import time, regulars.cli.project as p; prepared = p.Project.prepared\n"
        "from regulars.core import Progress\n"
        "def late(self, run):\n"
        "    run.on_epoch(Progress('read events', 500, 1000)); time.sleep(3.5)\n"
        "    run.on_epoch(Progress('read events', 1000, 1000)); return prepared(self, run)\n"
        "p.Project.prepared = late\n"
        "from regulars.cli import main; main()"
    )
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-c", slow, "check"],
        cwd=ready.folder,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=env | {"TERM": "xterm"},
    )
    os.close(theirs)
    text = b""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert process.wait(60) == 0
    process.stdout.close()
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode())
    assert re.search(r"read events ━+.* 50% 0:00:0[23]", seen)
    assert "0:00:00" not in seen
