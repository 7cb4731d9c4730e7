"""python -m benchmarks NAME... --json FILE: measures and prints figures; `setup` installs the peers that need it."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import measure
from benchmarks.figure import Figure
from benchmarks.peers.environments import ENVIRONMENTS, install
from benchmarks.table import table

BENCHMARKS = {
    "als": "ALS: CPU seconds of a pass, and quality, beside implicit",
    "topk": "top-20 of all gowalla customers beside implicit's recommend",
    "knn": "item-kNN and user-kNN: fitting and answering beside implicit",
    "ease": "EASE on ml-1m beside the bare matrix inversion",
    "pairwise": "BPR and WARP: CPU seconds of an epoch beside implicit's BPR",
    "movielens": "BPR, WARP and logistic MF on ml-100k beside LensKit and the documentation of LightFM",
    "item_item": "SLIM, EASE, sparse EASE, item-kNN and RP3beta beside RecBole, RecTools, LensKit and plain scipy",
    "evaluation": "top-20 and metrics of all ml-1m and gowalla customers beside RecTools and RecBole",
    "gowalla": "quality on the test set, settings chosen on validation, beside published figures",
    "sessions": "V-SKNN and STAN on diginetica's sessions, beside published figures",
    "diginetica_deep": "GRU4Rec and SASRec on diginetica's sessions, beside published figures",
    "recurrent": "GRU and LSTM without padding beside torch's packed and padded sequences",
    "sequences": "item-kNN, Markov chains, SLIST and EASE on Beauty, beside published figures",
    "transformers": "SASRec: CPU seconds of an epoch beside RecTools and RecBole; memory of the softmax",
    "sasrec": "SASRec on Beauty and ml-1m, alone and in a rank fusion, beside published figures",
    "pace": "SASRec on ml-1m: CPU seconds to a given NDCG@10, beside RecTools",
    "scaling": "fitting against events, customers, items and factors, up to 10 million events",
    "content": "items that nobody has met, on citeulike-a and H&M; look-alikes",
    "cold_items": "items that nobody has met, beside the others in one list: content to collaborative and its rivals",
    "next_basket": "TIFU-kNN, UP-CF, basket ridge and two stages on Ta-Feng, beside published figures",
    "baskets": "association rules that complete a basket, naive Bayes for the next one",
    "towers": "two towers on H&M: side features, the correction, layers, objectives; exact and graph indexes",
    "texts": "the articles' texts at H&M as vectors, once and again, beside sentence-transformers",
    "pictures": "the descriptor of pictures, and what pictures tell of attributes at H&M, beside a linear classifier",
    "autoencoders": "Mult-VAE and RecVAE on ml-1m beside RecBole; NCF beside ALS and BPR",
    "ratings": "SVD, SVD++ and kNN-baseline on ml-100k, five folds, beside Surprise",
    "blends": "rank fusion and learned blends on the demo's shop",
    "pipeline": "ranking by trees and by DCN-v2 over retrieval alone, on the demo's shop and H&M",
    "longtail_hm": "what few have bought at H&M: ALS, likeness of content, ridge, the article's network, ours",
    "gowalla_blend": "BSPM, ALS and item-kNN as a learned blend on gowalla's test set, beside published figures",
    "repurchase": "what is bought again at the demo shop: gaps, trees and LSTM beside personal frequency",
    "crowd": "what 100,000 customers of a simulated shop buy again: gaps, LSTM, trees and stacked",
    "next_weeks": "the coming four weeks at the demo shop: two stages that know what is due and favorite categories",
    "cross_sell": "what customers never bought, at the demo shop: cross-sale beside ALS, item-kNN and popularity",
    "demand": "units of stores and products at several cut-offs: four data sets, beside published figures",
    "rules": "conditions over a million items, and lists that rules arrange",
    "store": "events in and histories out of SQLite and PostgreSQL, each acknowledged durably",
    "tune": "tuning three methods on ml-1m: what it gains on test, and what it costs beside the bare fits",
    "prepare": "reading, checking and preparing 1, 10 and 100 million events",
    "indexes": "exact, bits and graph indexes: what they miss, and what they cost",
    "audience": "whom to tell of an item, among 100,000 customers",
    "serving": "the service under load: latency, throughput, events, start, two replicas",
    "demo": "the whole demo, from raw tables to report",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _options(arguments)
    screen = Console() if sys.stdout.isatty() else Console(width=160)
    if options.list:
        for name, meaning in BENCHMARKS.items():
            screen.print(f"{name:12} {meaning}", highlight=False)
        return 0
    if options.names == ["setup"]:
        return sum(install(name, measure.peers_folder(), screen) for name in ENVIRONMENTS)
    os.environ[measure.REPEAT], os.environ[measure.THREADS] = str(options.repeat), str(options.threads)
    if options.resume:
        os.environ[measure.RESUME] = str(options.resume)
    figures: list[Figure] = []
    for name in options.names:
        with screen.status(f"{name}: {BENCHMARKS[name]}"):
            for figure in importlib.import_module(f"benchmarks.{name}").run():
                figures.append(figure)
                if options.json:
                    with options.json.open("a") as file:
                        file.write(figure.line() + "\n")
    screen.print(table(figures))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; or setup, alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="append one line of JSON for each figure")
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="keep the long steps of repurchase, crowd, next_weeks there"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="turns of each contender; the median counts")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads of each contender; 0: all cores")
    parser.add_argument("--list", action="store_true", help="what can be measured")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown and options.names != ["setup"]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if not options.names and not options.list:
        parser.error(f"name what to measure: {', '.join(BENCHMARKS)}")
    if options.repeat < 1:
        parser.error(f"--repeat must be at least 1; it is {options.repeat}")
    return options


if __name__ == "__main__":
    sys.exit(main())
