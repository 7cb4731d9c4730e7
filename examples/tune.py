"""Which methods can these data support, which settings are best, and how much of the gain is real?

    python examples/tune.py

Settings are chosen on a validation inside of what the test may know; the test is asked once, at the end.
"""

from regulars import ALS, Dataset, ItemKNN, TimeSplit, compare
from regulars.data.simulate import ShopSettings, simulate
from regulars.tuning import Exam, Plan, Space, advise, tune


def main(trials: int = 30) -> None:
    events = simulate(ShopSettings(customers=400, items=150), seed=2).events
    shop = Dataset.of(events.select("user_id", "item_id", "kind", time=events["timestamp"].dt.epoch("s")))
    for one in advise(shop, ["als", "item_knn", "svd"]):
        print(f"{one.method}: {one.verdict}. {one.said}")

    split = TimeSplit(days=28, kinds=("purchase",))
    test = split.cut(shop)
    methods = {"item-kNN": ItemKNN(), "ALS": Space(ALS(), {"factors": [8, 64], "passes": 8})}
    study = tune(methods, test.train, exam=Exam(split), plan=Plan(trials=trials))
    print(study.standings().select("method", "trials", "start", "best", "gain"))
    print({name: list(found)[:2] for name, found in study.importance.items()}, "mattered most")

    rivals = {"item-kNN": ItemKNN(), **{f"{name}, tuned": method for name, method in study.tuned().items()}}
    fitted = {name: method.fit(test.train) for name, method in rivals.items()}
    print(compare(fitted, test).against("item-kNN").frame().filter(metric="ndcg@10").select("name", "mean", "verdict"))


if __name__ == "__main__":
    main()
