"""The panels on which demand is forecast: orange juice, Rossmann, The Complete Journey, a wholesaler's weeks."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from benchmarks.data import folder
from regulars.data.demo import files
from regulars.forecasting import Calendar, Columns, Panel, read

JUICE_START = date(1989, 9, 14) + timedelta(weeks=39)  # week 40 of Dominick's count
JUICE_WEEKS = 121
BRANDS = 11


def orange_juice() -> Panel:
    """83 stores x 11 brands x weeks 40-160: units, own price, all 11 prices, deal and feature; store demographics.

    What is known of a week is known before it; prices are the store's, so a brand's missing rows do not hide them.
    """
    table = pl.read_parquet(folder() / "orange-juice" / "yx.parquet")
    stores = table["store"].unique().sort()
    keys = stores.to_frame().join(pl.DataFrame({"brand": range(1, BRANDS + 1)}, {"brand": pl.Int32}), how="cross")
    row = (stores.search_sorted(table["store"]) * BRANDS + table["brand"] - 1).to_numpy()
    week = (table["week"] - 40).to_numpy()

    def placed(values: np.ndarray) -> np.ndarray:
        cells = np.full((len(keys), JUICE_WEEKS, *values.shape[1:]), np.nan, dtype=np.float32)
        cells[row, week] = values
        return cells

    prices = placed(table.select(pl.col("^price.*$")).to_numpy())
    prices = np.where(np.isnan(prices), -np.inf, prices).reshape(len(stores), BRANDS, JUICE_WEEKS, BRANDS).max(axis=1)
    prices = np.where(np.isinf(prices), np.nan, prices).astype(np.float32)
    known = {"price": np.moveaxis(prices, 2, 1).reshape(len(keys), JUICE_WEEKS)}
    known |= {name: placed(table[name].to_numpy()) for name in ("deal", "feat")}
    known |= {f"price {k + 1}": np.repeat(prices[:, :, k], BRANDS, axis=0) for k in range(BRANDS)}
    people = pl.read_parquet(folder() / "orange-juice" / "storedemo.parquet").rename({"STORE": "store"})
    static = keys.join(people, on="store", how="left", maintain_order="left").drop("store", "brand")
    return Panel(keys, Calendar(JUICE_START), placed(np.exp(table["logmove"].to_numpy())), known, static=static)


def rossmann() -> Panel:
    """1,115 stores by day: sales on days when they were open, promotions, school and state holidays known ahead."""
    table = pl.read_parquet(folder() / "rossmann" / "train.parquet")
    open_day = (pl.col("Open") == 1) & (pl.col("Sales") > 0)
    table = table.with_columns(
        pl.when(open_day).then(pl.col("Sales")).alias("units"),
        *((pl.col("StateHoliday") == letter).cast(pl.Int8).alias(f"holiday {letter}") for letter in "abc"),
    )
    known = ("Open", "Promo", "SchoolHoliday", "holiday a", "holiday b", "holiday c")
    stores = pl.read_parquet(folder() / "rossmann" / "store.parquet").with_columns(pl.col("Store").cast(pl.Int32))
    columns = Columns(("Store",), "Date", known=known)
    static = stores.select("Store", "StoreType", "Assortment", "CompetitionDistance", "Promo2", "PromoInterval")
    return read(table, columns, step="day", gaps="missing", static=static).panel


def complete_journey(least: int = 20, until: int = 40) -> Panel:
    """Stores x products by week of a grocer's year: pairs sold in `least` of the first `until` weeks, or more.

    price: the product's mean over the chain in each week, or its latest one; display and mailer as planned.
    """
    tables = files()
    lines = pl.scan_parquet(tables["transactions"]).filter(pl.col("quantity") > 0, pl.col("sales_value") > 0)
    keys = ["store_id", "product_id"]
    early = lines.filter(pl.col("week") <= until).group_by(keys).agg(pl.col("week").n_unique().alias("weeks"))
    # goods by weight and the line of the till for fuel count thousands of "units"
    pairs = early.filter(pl.col("weeks") >= least).select(keys)
    rows = lines.join(pairs, on=keys, how="semi")
    usual = rows.group_by(keys).agg(pl.col("quantity").mean().alias("mean")).filter(pl.col("mean") < 100)
    rows = rows.join(usual, on=keys, how="semi")
    weekly = rows.group_by([*keys, "week"]).agg(pl.col("quantity").sum().alias("units")).collect()
    series = weekly.select(keys).unique().sort(keys)
    grid = series.join(pl.DataFrame({"week": range(1, 54)}, {"week": pl.Int64}), how="cross")
    paid = lines.join(series.lazy(), on="product_id", how="semi").group_by("product_id", "week")
    price = paid.agg((pl.col("sales_value").sum() / pl.col("quantity").sum()).alias("price")).collect()
    planned = pl.scan_parquet(tables["promotions"]).join(series.lazy(), on=keys, how="semi")
    told = planned.group_by([*keys, "week"]).agg(
        (pl.col("display_location") != "0").max().cast(pl.Int8).alias("display"),
        (pl.col("mailer_location") != "0").max().cast(pl.Int8).alias("mailer"),
    )
    table = (
        grid.join(weekly, on=[*keys, "week"], how="left")
        .join(price, on=["product_id", "week"], how="left")
        .join(told.collect(), on=[*keys, "week"], how="left")
        .sort([*keys, "week"])
        .with_columns(
            pl.col("price").forward_fill().backward_fill().over("product_id", "store_id"),
            pl.col("display", "mailer", "units").fill_null(0),
            (pl.lit(date(2017, 1, 1)) + pl.duration(weeks=pl.col("week") - 1)).alias("date"),
        )
        .filter(pl.col("week") < 53)  # one day alone
    )
    goods = pl.read_parquet(tables["products"]).select("product_id", "department", "brand", "product_category")
    columns = Columns(tuple(keys), known=("price", "display", "mailer"))
    return read(table, columns, static=goods).panel


def wholesale() -> Panel:
    """811 products of uci-weekly-sales, 52 weeks."""
    table = pl.read_parquet(folder() / "uci-weekly-sales" / "weekly.parquet")
    dated = table.with_columns(
        (pl.lit(date(2018, 1, 1)) + pl.duration(weeks=pl.col("week").cast(pl.Int64))).alias("date")
    )
    return read(dated, Columns(("Product_Code",), units="qty")).panel
