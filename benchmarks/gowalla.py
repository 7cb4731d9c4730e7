"""Quality on gowalla beside published figures: settings chosen on parts of the training set, never on test.

The protocol of the LightGCN splits: fitted on train + valid; everybody's 20 best of all items, what they have there
left out; Recall is hits / wanted, NDCG has the min(20, wanted) best places as its ideal. The published figures are
those of the BARS leaderboard (reczoo/BARS, gowalla_m1) and of the papers. "Late" is the last 12 % of each training
list, asked after a fit on what comes before without `valid`: docs/explanation/spectral.md says why.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.data import quality
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from benchmarks.shops import Shop, wanted
from regulars.core import Estimator, Run
from regulars.models import ALS, BPR, BSPM, EASE, GFCF, ItemKNN, PureSVD, RP3Beta, UserKNN

TASK, DATA, K = "quality", "gowalla", 20

METHODS: dict[str, Estimator[Any]] = {
    # the best NDCG@20 of a quarter of the users on `valid` among 45 settings: neighbors 100-5,000,
    # cosine and TF-IDF, tilt .5-1, activity 0-1, shrinkage 0-10, both sides
    "item_knn": ItemKNN(800, "tfidf", tilt=0.8, activity=0.85, side="answer", rule="binary"),
    # the best NDCG@20 of 8,000 users on `valid` among some 25 settings around the best of 90 for 4,000 users
    "user_knn": UserKNN(300, "bm25", power=1.35, activity=0.1, popularity=0.25, k1=2.0, b=0.85, rule="binary"),
    # the best NDCG@20 of 10,000 users on `valid` among 57 settings of at most 1,024 factors: docs/explanation/als.md
    "als": ALS(
        1024,
        passes=3,
        regularization=0.144,
        regularization_power=0.0,
        unobserved_weight=0.1,
        activity_damping=0.15,
        popularity_damping=0.35,
        rule="binary",
    ),
    # the best Recall@20 and NDCG@20 of 5,000 users on `valid` among 24 settings of BPR and WARP; asked twice on test,
    # before and after lanes drew from larger pools: docs/explanation/pairwise.md
    "bpr": BPR(128, epochs=30, rate=0.05, regularization=0.05, hardness=0.4, rule="binary"),
    # the best sum of NDCG@20 on `valid` and late, 2,500 users each, among 4 settings each
    "rp3beta": RP3Beta(0.8, 0.2, 1_000, rule="binary"),
    "pure_svd": PureSVD(448, popularity=0.4, activity=0.8, rule="binary"),
    # as published but for 448 factors, which were better on both than 256
    "gf_cf": GFCF(448, rule="binary"),
    # the best NDCG@20 of 2,500 users on `valid` among some 100 settings; asked on test after two other choices of the
    # same settings, by late ends and by both (.1911 / .1594, .1957 / .1634): docs/explanation/spectral.md
    "bspm": BSPM(448, 3, 0.3, sharpening=2.5, activity=0.8, tilt=0.75, rule="binary"),
    # the best Recall@20 of the users of ALS among 18 settings fitted on the 8,000 items with the most customers:
    # regularization .3-300, activity 0-1, dropout 0-.6. The last fit takes all 40,981: 12 minutes of CPU, 7 GB
    "ease": EASE(60.0, activity=0.25, max_items=50_000),
}

PUBLISHED = {  # Recall@20, NDCG@20
    "item_knn": {"ItemCF": (0.1570, 0.1214)},
    "als": {"MF-CCL": (0.1837, 0.1493)},
    "bpr": {"MF-BPR": (0.1627, 0.1378)},
    "ease": {"EASE": (0.1765, 0.1467)},
    "gf_cf": {"GF-CF": (0.1849, 0.1518)},
    "bspm": {"BSPM-EM": (0.1920, 0.1597), "NESCL": (0.1917, 0.1617)},
}


def run() -> Iterator[Figure]:
    """Each method once, followed by the published figures of its kind."""
    shop, target = Shop.of(DATA), wanted(DATA, "test")
    for name, method in METHODS.items():
        model, seconds, cpu_seconds = timed(partial(method.fit, shop.data, Run(threads=threads())))
        found = quality(shop.lists(model, K), target)
        noted = {**circumstances(), "settings": repr(method)}
        yield Figure(f"{TASK}, {name}", DATA, OURS, seconds, cpu_seconds, quality=found, further=noted)
        for title, (recall, ndcg) in PUBLISHED.get(name, {}).items():
            published = {f"recall@{K}": recall, f"ndcg@{K}": ndcg}
            yield Figure(f"{TASK}, {name}", DATA, f"{title}, published", quality=published)
