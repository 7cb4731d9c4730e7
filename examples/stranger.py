"""What to show to somebody who was never here before and has two products in the basket.

    python examples/stranger.py

Nobody is a row number learned in training: a history is enough, and who has none gets what the shop sells best.
"""

import polars as pl

from regulars import ALS, Dataset, Fallback, Popularity, Queries, Unseen
from regulars.data.simulate import ShopSettings, simulate


def main() -> None:
    simulated = simulate(ShopSettings(customers=1_000, items=200), seed=5)
    bought = simulated.events.filter(pl.col("kind") == "purchase").with_columns(time=pl.col("timestamp").dt.epoch("s"))
    shop = Dataset.of(bought, items=simulated.items)
    everybody = Fallback((ALS(factors=16).fit(shop), Popularity().fit(shop)))

    baskets = [shop.items.index(["P000000", "P000001"]), []]
    questions = Queries.of(baskets)
    answer = everybody.recommend(questions, k=5, allowed=Unseen()(questions))
    titles = pl.DataFrame({"item_id": shop.items.ids, "title": shop.item_features["title"]})
    print(answer.frame(["two products", "nothing yet"], shop.items).join(titles, on="item_id", maintain_order="left"))


if __name__ == "__main__":
    main()
