"""A recommender as plain words and named arrays, and back: frozen dataclasses all the way down."""

import importlib
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from regulars.core import Vocabulary
from regulars.core.errors import CannotDo, ForeignModel

Arrays = dict[str, np.ndarray]
SEPARATOR: Final = "\x00"  # between two ids in a file
Json = None | bool | int | float | str | dict[str, "Json"] | list["Json"]

KINDS: Final = {
    "Additive": "regulars.ranking.additive",
    "Bag": "regulars.features.inputs",
    "BagEncoder": "regulars.models.networks.bag_encoder",
    "BasketNeighbors": "regulars.models.kinds.basket_neighbors",
    "BasketProfile": "regulars.models.kinds.basket_profile",
    "BinColumn": "regulars.features.numbers",
    "BitsIndex": "regulars.retrieval.bits",
    "Boost": "regulars.ranking.rerankers",
    "Bridge": "regulars.models.kinds.bridge",
    "CodedPart": "regulars.retrieval.bits",
    "ContentSpace": "regulars.models.kinds.content_space",
    "Cap": "regulars.ranking.rerankers",
    "CalibratedModel": "regulars.marketing.repurchase.calibration",
    "Calibration": "regulars.marketing.repurchase.calibration",
    "CategoryColumn": "regulars.features.categories",
    "CategorySales": "regulars.models.kinds.category_sales",
    "Chances": "regulars.models.kinds.chances",
    "Clipped": "regulars.models.kinds.clipped",
    "ContextTraits": "regulars.ranking.traits",
    "CrossSellModel": "regulars.marketing.repurchase.explore",
    "CrossNet": "regulars.models.networks.dcn",
    "Curve": "regulars.marketing.repurchase.calibration",
    "CustomerTraits": "regulars.ranking.traits",
    "Comparison": "regulars.models.kinds.rating_comparison",
    "Columns": "regulars.features.columns",
    "DenseItemItem": "regulars.models.kinds.item_item",
    "DemandNet": "regulars.models.networks.demand",
    "Decision": "regulars.models.kinds.gate",
    "Design": "regulars.models.networks.dcn",
    "Encoded": "regulars.features.inputs",
    "Ensemble": "regulars.models.kinds.ensemble",
    "Evidence": "regulars.ranking.evidence",
    "ExactIndex": "regulars.retrieval.exact",
    "Factors": "regulars.models.kinds.factors",
    "Fallback": "regulars.ranking.fallback",
    "Filtered": "regulars.ranking.filters",
    "FoldIn": "regulars.models.kinds.fold_in",
    "Forest": "regulars.ranking.forest",
    "FrequencyModel": "regulars.marketing.repurchase.frequency",
    "Graph": "regulars.retrieval.graph",
    "GraphFilter": "regulars.models.kinds.graph_filter",
    "GroupHabits": "regulars.ranking.clues",
    "GraphIndex": "regulars.retrieval.graph",
    "Groups": "regulars.models.kinds.item_scores",
    "HistorySum": "regulars.models.kinds.history_sum",
    "Indexed": "regulars.retrieval.indexed",
    "Inputs": "regulars.features.inputs",
    "ItemAttributes": "regulars.models.kinds.item_attributes",
    "ItemLore": "regulars.ranking.evidence",
    "ItemScores": "regulars.models.kinds.item_scores",
    "Neighbors": "regulars.models.kinds.neighbors",
    "LinearMap": "regulars.models.kinds.content_map",
    "LogOdds": "regulars.models.kinds.log_odds",
    "NeuMFScorer": "regulars.models.networks.neumf",
    "ItemTraits": "regulars.ranking.traits",
    "Only": "regulars.ranking.filters",
    "PairReader": "regulars.marketing.repurchase.columns",
    "Pairs": "regulars.models.kinds.pairs",
    "Pipeline": "regulars.ranking.pipeline",
    "Prices": "regulars.ranking.clues",
    "Profile": "regulars.models.kinds.profile",
    "RankFusion": "regulars.ranking.fusion",
    "Habits": "regulars.marketing.repurchase.telling",
    "HazardModel": "regulars.marketing.repurchase.hazard",
    "Reader": "regulars.models.kinds.bridge",
    "Recency": "regulars.ranking.clues",
    "RatingFoldIn": "regulars.models.kinds.rating_fold_in",
    "RatingNeighbors": "regulars.models.kinds.rating_neighbors",
    "RatingRaters": "regulars.models.kinds.rating_raters",
    "Recurrent": "regulars.models.networks.recurrent",
    "RecurrentModel": "regulars.marketing.repurchase.recurrent",
    "RepurchaseNet": "regulars.models.networks.repurchase",
    "Repeats": "regulars.marketing.repurchase.repeats",
    "Regression": "regulars.models.kinds.regression",
    "Rhythm": "regulars.ranking.rhythm",
    "Route": "regulars.ranking.route",
    "Scale": "regulars.models.kinds.clipped",
    "Session": "regulars.models.kinds.session",
    "SequenceShape": "regulars.models.networks.sequence_net",
    "SeriesReader": "regulars.models.networks.series",
    "SequenceEncoder": "regulars.models.networks.sequence_encoder",
    "SessionNeighbors": "regulars.models.kinds.session_neighbors",
    "SparseItemItem": "regulars.models.kinds.item_item",
    "Shelves": "regulars.models.kinds.category_sales",
    "Spread": "regulars.marketing.repurchase.hazard",
    "Standard": "regulars.models.networks.repurchase",
    "Step": "regulars.ranking.route",
    "TextColumn": "regulars.features.text",
    "TowerEncoder": "regulars.models.networks.tower_encoder",
    "TowerMap": "regulars.models.networks.content_tower",
    "TowerShape": "regulars.models.networks.towers",
    "TreesModel": "regulars.marketing.repurchase.trees",
    "Unseen": "regulars.ranking.filters",
    "Transformer": "regulars.models.networks.transformer",
    "ValueColumn": "regulars.features.numbers",
    "VectorColumn": "regulars.features.vectors",
    "Weights": "regulars.models.networks.weights",
    "Weighing": "regulars.models.kinds.weighing",
    "Yardstick": "regulars.ranking.evidence",
}
"""Every class that may be in a saved model, and where it lives. A file names classes, never modules: nothing that is
not in this table is ever imported for it."""


def to_tree(value: object, path: str, arrays: Arrays) -> Json:
    """`value` as JSON; its arrays are put into `arrays` under their path.

    Raises CannotDo for anything but KINDS, arrays of numbers, vocabularies, tuples, numbers, strings and None.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        path = next((name for name, array in arrays.items() if array is value), path)  # held twice, written once
        arrays[path] = np.ascontiguousarray(value)
        return {"array": path}
    if isinstance(value, Vocabulary):
        return {"vocabulary": _put_ids(value.ids, path, arrays)}
    if isinstance(value, tuple):
        return {"tuple": [to_tree(part, f"{path}.{place}", arrays) for place, part in enumerate(value)]}
    name = type(value).__name__
    if is_dataclass(value) and name in KINDS and kind(name) is type(value):
        content = {f.name: to_tree(getattr(value, f.name), f"{path}.{f.name}", arrays) for f in fields(value)}
        return {"class": name, "fields": content}
    raise CannotDo(f"{path} is of the type {name}, which cannot be saved; what can is arrays and {', '.join(KINDS)}")


def from_tree(tree: Json, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value that `to_tree` made this of. Raises ForeignModel for what it cannot have made."""
    match tree:
        case None | bool() | int() | float() | str():
            return tree
        case {"number": "inf" | "-inf" | "nan" as number}:
            return float(number)
        case {"array": str(name)}:
            return _array(name, arrays)
        case {"vocabulary": str(name)}:
            return Vocabulary(_ids(name, arrays))
        case {"tuple": list(parts)}:
            return tuple(from_tree(part, arrays) for part in parts)
        case {"class": str(name), "fields": dict(content)}:
            return _object(name, {key: from_tree(part, arrays) for key, part in content.items()})
    raise ForeignModel(f"a saved model has no place for {str(tree)[:80]!r}; it was written by another release")


def kind(name: str) -> type:
    """The class of that name in KINDS."""
    if name not in KINDS:
        raise ForeignModel(f"the model is of the kind {name!r}; this release knows {', '.join(KINDS)}")
    found: type = getattr(importlib.import_module(KINDS[name]), name)
    return found


def _object(name: str, content: dict[str, Any]) -> Any:
    cls = kind(name)
    known = {f.name for f in fields(cls)}
    if unknown := set(content) ^ known:
        raise ForeignModel(f"{name} has the fields {sorted(known)}; the file differs in {sorted(unknown)}")
    return cls(**content)


def _array(name: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    if name not in arrays:
        raise ForeignModel(f"the array {name!r} of the model is not in its file, which has {sorted(arrays)}")
    return arrays[name]


def _put_ids(ids: pl.Series, path: str, arrays: Arrays) -> str:
    """Whole numbers as they are; text as its UTF-8 bytes, one id after another.

    Between two stands a zero byte; should an id hold one itself, nothing does, and it is written where each one ends.
    """
    if ids.dtype != pl.String:
        arrays[f"{path}.numbers"] = ids.to_numpy()
        return f"{path}.numbers"
    if len(ids) and not ids.str.contains(SEPARATOR, literal=True).any():
        arrays[f"{path}.lines"] = np.frombuffer(ids.str.join(SEPARATOR).item().encode(), dtype=np.uint8)
        return f"{path}.lines"
    encoded = [text.encode() for text in ids.to_list()]
    arrays[f"{path}.text"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    arrays[f"{path}.text.ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return f"{path}.text"


def _ids(name: str, arrays: Mapping[str, np.ndarray]) -> pl.Series:
    column = _array(name, arrays)
    if name.endswith(".numbers"):
        return pl.Series(column, dtype=pl.Int64)
    if name.endswith(".lines"):
        return pl.Series([column.tobytes().decode()]).str.split(SEPARATOR).explode()
    ends, text = _array(f"{name}.ends", arrays).tolist(), column.tobytes()
    return pl.Series([text[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)], dtype=pl.String)
