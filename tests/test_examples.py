"""README's ten lines and every script in examples/ run as they are printed."""

import importlib.util
import re
from pathlib import Path

import polars as pl
import pytest

from regulars.data.simulate import ShopSettings, simulate

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """A small shop's log as it leaves a till: orders.csv, with a line that cannot be used."""
    path = tmp_path_factory.mktemp("shop") / "orders.csv"
    events = simulate(ShopSettings(customers=300, items=120), seed=4).events.select("user_id", "item_id", "timestamp")
    events.write_csv(path)
    with path.open("a") as file:
        file.write("C000001,,2024-12-01 10:00:00\n")
    return path


def run(name, *arguments):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(*arguments)


def test_the_ten_lines_of_the_front_page_do_what_they_say(orders, monkeypatch, capsys):
    monkeypatch.chdir(orders.parent)
    code = re.search(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 11
    exec(compile(code, "README.md", "exec"), {})
    lists = pl.read_csv("lists.csv")
    assert lists.columns == ["user_id", "item_id", "rank", "score", "source"]
    assert lists.group_by("user_id").len()["len"].unique().to_list() == [10]
    assert Path("model", "model.json").exists()
    assert "C000001" in Path("prepared", "quarantine.csv").read_text()
    assert "verdict" in capsys.readouterr().out


def test_own_shop_writes_a_reason_on_every_line(orders, tmp_path, capsys):
    run("own_shop", str(orders), str(tmp_path / "lists.csv"))
    lists = pl.read_csv(tmp_path / "lists.csv")
    assert lists["reason"].null_count() == 0
    assert lists["reason"].n_unique() > 10
    assert "chosen on validation" in capsys.readouterr().out


def test_own_method_is_measured_beside_popularity(capsys):
    run("own_method")
    assert "best of the day" in capsys.readouterr().out


def test_a_stranger_gets_an_answer_and_so_does_who_has_nothing(capsys):
    run("stranger")
    said = capsys.readouterr().out
    assert said.count("two products") == said.count("nothing yet") == 5


def test_tuned_settings_are_shown_beside_the_defaults(capsys):
    run("tune", 12)
    said = capsys.readouterr().out
    assert "svd: no. It foretells ratings. But it needs ratings that differ" in said
    assert "item-kNN, tuned" in said


def test_a_network_is_learned_by_one_process_where_there_are_no_others(orders, tmp_path, capsys):
    pytest.importorskip("torch")
    run("several_processes", str(orders), str(tmp_path / "model"))
    said = capsys.readouterr().out
    assert "mult_dae 5/5  loss" in said
    assert "ndcg@10" in said
    assert (tmp_path / "model" / "model.json").exists()
    assert not (tmp_path / "model" / "checkpoints").exists()


def test_the_long_tail_of_a_simulated_shop_becomes_a_page(tmp_path, capsys):
    pytest.importorskip("torch")
    run("long_tail", str(tmp_path), 200, 150, 1)
    assert "verdict" in capsys.readouterr().out
    assert "A simulated shop: the long tail" in (tmp_path / "longtail.html").read_text(encoding="utf-8")


def test_every_example_is_tested():
    tested = set(re.findall(r'run\("(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert tested == {path.stem for path in SCRIPTS}
