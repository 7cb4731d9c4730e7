"""H&M as a dataset: the last week of the published sample, and two years of few of its customers."""

import polars as pl

from benchmarks.data import folder
from regulars.core import Dataset

WEEK, YEARS = "transactions_lastweek", "transactions_2y_1364cust"


def shop(name: str = WEEK, *, whole: bool = False) -> Dataset:
    """The purchases with channel and price, each article once a day and customer; what is known of both.

    The catalog is what the sample's customers bought; whole: all 105,542 articles. In the former an article that nobody
    has bought so far is one that somebody is going to buy, which no shop knows.
    """
    place = folder() / "hm"
    lines = pl.read_parquet(place / f"{name}.parquet").select(
        user_id="cust",
        item_id="article_id",
        time=pl.col("t_dat").cast(pl.Datetime("us")).dt.epoch("s"),
        channel="sales_channel_id",
        price="price",
    )
    events = lines.group_by("user_id", "item_id", "time", maintain_order=True).agg(
        pl.len().cast(pl.Float32).alias("weight"), pl.col("channel").first(), pl.col("price").mean()
    )
    items = pl.read_parquet(place / "articles.parquet").rename({"article_id": "item_id"})
    customers = pl.read_parquet(place / "customers.parquet").rename({"cust": "user_id"}).drop("customer_id")
    bought = items.join(events, on="item_id", how="semi", maintain_order="left")
    return Dataset.of(
        events,
        items=items if whole else bought,
        customers=customers.join(events, on="user_id", how="semi", maintain_order="left"),
    )
