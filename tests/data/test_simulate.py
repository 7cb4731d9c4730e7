"""A simulated shop tells its truth, and the same truth every time."""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from regulars.data.simulate import LogSettings, ShopSettings, SimulatedShop, simulate, simulate_log, write_shop
from regulars.data.simulation.pictures import png


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


@pytest.fixture(scope="module")
def shop() -> SimulatedShop:
    return simulate(ShopSettings(customers=4_000, items=400, tastes=6), seed=3)


def rows(ids: pl.Series) -> np.ndarray:
    """The row of each id such as P000042."""
    return ids.str.slice(1).cast(pl.Int64).to_numpy()


def test_the_same_seed_writes_the_same_shop_and_parts_hold_all_customers(tmp_path: Path) -> None:
    settings = ShopSettings(customers=300, items=40, part_events=10_000)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_shop(tmp_path / name, settings, seed, pictures=True)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    parts = sorted((tmp_path / "a" / "events").iterdir())
    assert len(parts) > 2
    in_memory = simulate(settings, 1).events
    written = pl.concat([pl.read_parquet(p) for p in parts]).sort("timestamp", "user_id", maintain_order=True)
    assert written.equals(in_memory)


def test_customers_look_at_what_they_like_more_than_chance_would(shop: SimulatedShop) -> None:
    views = shop.events.filter(pl.col("kind") == "view").head(20_000)
    users, items = rows(views["user_id"]), rows(views["item_id"])
    tastes = shop.truth.tastes
    liking = (tastes.customers[users] * (tastes.items / tastes.shares)[items]).sum(axis=1)
    strangers = np.random.default_rng(0).permutation(users)
    by_chance = (tastes.customers[strangers] * (tastes.items / tastes.shares)[items]).sum(axis=1)
    assert liking.mean() > 1.5 * by_chance.mean()


def test_the_truth_gives_the_chance_of_each_look(shop: SimulatedShop) -> None:
    """The log-likelihood of the views under the truth is what the truth itself expects, its own entropy."""
    views = shop.events.filter((pl.col("kind") == "view") & (pl.col("timestamp").dt.ordinal_day() < 30))
    users, items = rows(views["user_id"]).astype(np.int32), rows(views["item_id"])
    chances = shop.truth.chances(users, day=0)
    held = shop.truth.catalog.available[items] == 0  # later ones become available within the month
    logs = np.log(np.maximum(chances, 1e-300))
    expected, spread = (chances * logs).sum(axis=1), (chances * logs**2).sum(axis=1)
    n = held.sum()
    error = np.sqrt((spread - expected**2)[held].sum()) / n
    assert abs(logs[np.arange(len(items)), items][held].mean() - expected[held].mean()) < 4 * error


def test_staples_are_bought_again_after_their_items_cycle(shop: SimulatedShop) -> None:
    bought = shop.events.filter(pl.col("kind") == "purchase").sort("user_id", "item_id", "timestamp")
    pair = bought.with_columns(
        gap=pl.col("timestamp").diff().over("user_id", "item_id").dt.total_hours() / 24,
        times=pl.len().over("user_id", "item_id"),
    ).filter((pl.col("times") >= 8) & (pl.col("gap") > 3))
    per_item = pair.group_by("item_id").agg(pl.col("gap").median(), pl.len()).filter(pl.col("len") >= 150)
    truth = shop.truth.catalog.cycle_days[rows(per_item["item_id"])]
    used_up = ~np.isnan(truth)  # others may be bought often too, but without a cycle
    assert used_up.sum() > 20
    assert np.median(np.abs(per_item["gap"].to_numpy() / truth - 1)[used_up]) < 0.1


def test_the_effect_of_campaigns_is_found_in_the_difference_of_the_arms(shop: SimulatedShop) -> None:
    category = shop.items.select("item_id", "category")
    bought = shop.events.filter(pl.col("kind") == "purchase").join(category, on="item_id")
    differences, variances = [], []
    for row in shop.campaigns.iter_rows(named=True):
        inside = (pl.col("category") == row["category"]) & pl.col("timestamp").is_between(row["start"], row["end"])
        counts = bought.filter(inside).group_by("user_id").len()
        arms = shop.contacts.filter(pl.col("campaign") == row["campaign"]).join(counts, on="user_id", how="left")
        contacted, control = (
            arms.filter(pl.col("arm") == arm)["len"].fill_null(0).to_numpy() for arm in ("contacted", "control")
        )
        differences.append(contacted.mean() - control.mean())
        variances.append(contacted.var() / len(contacted) + control.var() / len(control))
    found, error = np.mean(differences), np.sqrt(np.sum(variances)) / len(differences)
    truth = shop.truth.campaigns.added[shop.truth.campaigns.contacted].mean()
    assert abs(found - truth) < 3 * error
    assert found > 5 * error


def test_a_season_lifts_its_category_when_the_truth_says_so(shop: SimulatedShop) -> None:
    views = shop.events.filter(pl.col("kind") == "view").join(shop.items.select("item_id", "category"), on="item_id")
    month = ((views["timestamp"].dt.ordinal_day() - 1) * 12 // 365).clip(0, 11).to_numpy()
    season, category = shop.truth.catalog.season, shop.truth.catalog.category
    strongest = int(category[np.argmax(season.max(axis=0))])
    name = shop.items["category"].filter(pl.Series(category == strongest))[0]
    inside = (views["category"] == name).to_numpy()
    share = np.bincount(month[inside], minlength=12) / np.bincount(month, minlength=12)
    assert np.corrcoef(share, season[:, category == strongest][:, 0])[0, 1] > 0.9


def test_nothing_is_sold_before_it_is_there_and_nobody_comes_before_joining(shop: SimulatedShop) -> None:
    days = (shop.events["timestamp"].dt.epoch("s").to_numpy() - 1_704_067_200) // 86_400
    truth = shop.truth
    assert (days >= truth.catalog.available[rows(shop.events["item_id"])]).all()
    assert (days >= truth.customers.joined[rows(shop.events["user_id"])]).all()
    assert days.min() >= 0
    assert days.max() < 365


def test_every_return_takes_back_an_earlier_purchase(shop: SimulatedShop) -> None:
    back = shop.events.filter(pl.col("kind") == "return")
    bought = shop.events.filter(pl.col("kind") == "purchase")
    key = ["user_id", "item_id", "quantity", "price"]
    earlier = back.join(bought.select(*key, "timestamp"), on=key, how="inner", suffix="_bought")
    matched = earlier.filter(pl.col("timestamp_bought") < pl.col("timestamp")).select(*key, "timestamp").unique()
    assert matched.height == back.select(*key, "timestamp").unique().height


def test_a_session_is_of_one_customer_and_has_no_gap_of_half_an_hour(shop: SimulatedShop) -> None:
    events = shop.events.sort("session", "timestamp")
    assert events.group_by("session").agg(pl.col("user_id").n_unique())["user_id"].max() == 1
    gaps = events.select(pl.col("timestamp").diff().over("session").dt.total_seconds())["timestamp"]
    assert gaps.max() <= 1_800


def test_words_and_colors_carry_the_taste(shop: SimulatedShop) -> None:
    """Items whose description says a word of a taste, and whose ground has its color, have more of that taste."""
    sporty = shop.items["description"].str.contains("sporty|breathable|agile").to_numpy()
    tastes = shop.truth.catalog.tastes
    assert tastes[sporty, 2].mean() > 2 * tastes[~sporty, 2].mean()
    corner = np.array([shop.picture(i)[:8].mean(axis=(0, 1)) for i in range(200)])
    assert np.corrcoef(corner[:, 0] - corner[:, 2], tastes[:200, 2])[0, 1] > 0.3


def test_a_picture_is_a_png_that_others_can_read(shop: SimulatedShop) -> None:
    image = pytest.importorskip("PIL.Image")
    from io import BytesIO

    pixels = shop.picture(7)
    assert np.array_equal(np.asarray(image.open(BytesIO(png(pixels)))), pixels)


def test_a_shop_without_texts_and_campaigns_is_still_a_shop() -> None:
    light = simulate(ShopSettings(customers=20, items=12, categories=1, campaigns=0, days=40, texts=False, staples=0.0))
    assert "description" not in light.items.columns
    assert light.events.height > 50
    assert light.contacts.height == light.campaigns.height == 0
