"""Logs as orders of items, for those who learn what comes next; read by the peers in their own environments, too."""

import polars as pl

from benchmarks.data import folder

LENGTHS = {"s3rec/Beauty": 50, "ml-1m": 200}  # the newest events that everybody reads


def ordered(data: str, without: int = 2) -> pl.DataFrame:
    """user, item (from 0) and place of each event, without the newest `without` of each user: test and validation."""
    if data == "ml-1m":
        events = pl.read_parquet(folder() / "ml-1m" / "interactions.parquet")
        events = events.sort("user_id", "rev_rank", descending=[False, True])
        items = events.select(pl.col("movie_id").unique(maintain_order=True)).with_row_index("item")
        events = events.join(items, on="movie_id", how="left", maintain_order="left")
        events = events.select(user=pl.col("user_id") - 1, item=pl.col("item"), left=pl.col("rev_rank"))
    else:
        events = pl.read_parquet(folder() / f"{data}.parquet").sort("user_id", "pos")
        left = pl.len().over("user_id") - pl.col("pos") - (pl.col("pos").min().over("user_id") == 0).cast(pl.Int64)
        events = events.select(user=pl.col("user_id") - 1, item=pl.col("item_id") - 1, left=left)
    events = events.filter(pl.col("left") >= without).cast(pl.Int64)
    return events.with_columns(place=pl.int_range(pl.len()).over("user"))
