"""A simulated shop tells its truth, and the same truth every time."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from regulars.data.simulate import LogSettings, simulate_log


def digest(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in files)).hexdigest()


def test_the_same_arguments_write_the_same_bytes_and_another_seed_writes_others(tmp_path: Path) -> None:
    small = LogSettings(part_events=4_000)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_log(tmp_path / name, 10_000, 200, 100, seed=seed, settings=small)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_a_log_has_exactly_the_events_asked_for_in_the_order_of_time(tmp_path: Path) -> None:
    simulate_log(tmp_path, 10_500, 200, 100, settings=LogSettings(part_events=4_000))
    parts = [pl.read_parquet(p) for p in sorted(tmp_path.glob("part-*.parquet"))]
    assert [len(p) for p in parts] == [4_000, 4_000, 2_500]
    assert pl.concat(parts)["timestamp"].is_sorted()


def test_popularity_falls_with_the_rank_as_it_was_told(tmp_path: Path) -> None:
    simulate_log(tmp_path, 400_000, 5_000, 2_000, settings=LogSettings(popularity_exponent=0.9))
    counts = pl.read_parquet(tmp_path)["item_id"].value_counts(sort=True)["count"].to_numpy()[:300]
    slope = np.polyfit(np.log(np.arange(1, 301)), np.log(counts), 1)[0]
    assert abs(slope + 0.9) < 0.05


def test_items_are_drawn_as_often_as_the_truth_says_for_the_customers_taste(tmp_path: Path) -> None:
    truth = simulate_log(tmp_path, 200_000, 50, 30, settings=LogSettings(tastes=4))
    log = pl.read_parquet(tmp_path)
    seen = np.zeros((50, 30))
    np.add.at(seen, (log["user_id"].to_numpy(), log["item_id"].to_numpy()), 1)
    wanted = truth.chances(np.arange(50, dtype=np.int32))
    n = seen.sum(axis=1, keepdims=True)
    chi2 = ((seen - n * wanted) ** 2 / (n * wanted))[n[:, 0] > 500][:, truth.popularity > 0.01]
    assert 0.9 < chi2.mean() < 1.1
