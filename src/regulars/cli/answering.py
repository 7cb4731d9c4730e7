"""Answers with reasons for many customers, a block at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from regulars.core import Dataset, Explains, Frame, Ints, Progress, Reasons, Recommender, Run
from regulars.ranking import Catalog, Filter, Ruled, Rules, Words, passing, sentences, verbs_of

_BLOCK = 2_048  # customers answered at a time


@dataclass(frozen=True)
class Answers:
    """Who answers, from which dataset, under which filters, and what the items are called.

    history: newest events of each customer that are looked at, as in the service; 0: all.
    """

    recommender: Recommender
    data: Dataset
    filters: Sequence[Filter]
    names: pl.Series
    history: int = 0


def under_rules(
    recommender: Recommender, data: Dataset, given: Mapping[str, Any], known: Sequence[str] = ()
) -> Recommender:
    """The recommender under [rules], if there are any; known: names of the context, beside those that say so.

    Raises RuleError where they cannot be understood, or name what is neither a field of the items nor of the context.
    """
    rules = Rules.of(given)
    if rules == Rules():
        return recommender
    catalog = Catalog.of(data.item_features, data.items)
    rules.check(catalog, [*known, *(name.name for name in rules.names if name.scope == "context")])
    return Ruled(recommender, rules.bound(catalog, data.kinds))


def answered(asked: Answers, users: Ints, k: int, run: Run) -> Frame:
    """user_id, item_id, rank, score, source, reason: the k best for each of `users`, asked after the last event."""
    data = asked.data
    at = int(data.time.max()) + 1
    words = Words(verbs=verbs_of(data.kinds))
    parts = []
    for start in range(0, len(users), _BLOCK):
        run.on_epoch(Progress("recommend", start, len(users)))
        queries = data.queries(users[start : start + _BLOCK], at)
        if asked.history:
            queries = replace(queries, history=queries.history.last(asked.history))
        answer = asked.recommender.recommend(queries, k, passing(asked.filters, queries))
        recommender = asked.recommender
        reasons = (
            recommender.because(queries, answer, 1)
            if isinstance(recommender, Explains)
            else Reasons.none(len(answer), answer.k, 1)
        )
        reason = sentences(answer, reasons, queries, asked.names, words)
        parts.append(answer.frame(data.users.names(queries.users), data.items).with_columns(reason))
    run.on_epoch(Progress("recommend", len(users), len(users)))
    return pl.concat(parts)
