"""From a transaction log to lists for everybody, with the reason for each line.

    python examples/own_shop.py orders.csv lists.csv

The winner is chosen on one period and reported on a later one, so that the figure is not flattered by the choice.
"""

import sys

from regulars import ALS, Fallback, ItemKNN, Popularity, Sources, Table, TimeSplit, compare, prepare
from regulars.ranking import sentences


def main(orders: str, lists: str) -> None:
    prepared = prepare(Sources(Table(orders)))
    print(prepared.check)  # what was read, what was quarantined, what is odd
    shop = prepared.dataset

    test = TimeSplit(days=28).cut(shop)
    validation = TimeSplit(days=28).cut(test.train)
    methods = {"popularity": Popularity(), "item-kNN": ItemKNN(), "ALS": ALS(factors=32)}
    chosen = compare({name: method.fit(validation.train) for name, method in methods.items()}, validation).best(
        "ndcg@10"
    )
    reported = compare({name: method.fit(test.train) for name, method in methods.items()}, test)
    print(f"chosen on validation: {chosen}; on test:")
    print(reported.frame().filter(metric="ndcg@10").select("name", "mean", "low", "high", "verdict"))

    everybody = Fallback((methods[chosen].fit(shop), Popularity().fit(shop)))
    questions = shop.everyone()
    answer = everybody.recommend(questions, k=10)
    reasons = sentences(answer, everybody.because(questions, answer), questions, shop.items.ids)
    answer.frame(shop.users.ids, shop.items).with_columns(reasons).write_csv(lists)


if __name__ == "__main__":
    main(*sys.argv[1:])
