"""Warming: a version is asked before anybody asks it, so that nobody waits for what a first question sets up."""

import logging
import time
from typing import Final

import numpy as np

from regulars.core import Allowed, Explains, FindsSimilar, Model, Queries, Recommender, ints

from .audience import speaking
from .deployment import Deployment

ENOUGH: Final = 70  # questions after which vectors are coded for few questions at a time (models/kinds/factors.py)
_K: Final = 20
_LONG: Final = 5  # events of the histories that are asked about
_log = logging.getLogger(__name__)


def warm(deployment: Deployment, questions: int = ENOUGH, seconds: float = 1.0) -> None:
    """Asks each recommender so many single questions, as long as that takes `seconds` for each at most."""
    for name, recommender in deployment.recommenders.items():
        try:
            _ask(recommender, len(deployment.items), questions, seconds)
        except Exception as error:  # a question that lacks what a model reads tells nothing against the model
            _log.info("%s of version %s was not warmed up: %s", name, deployment.version, error)


def rehearse(deployment: Deployment, together: int = 8) -> None:
    """Asks each recommender all that a service may ask it, one question alone and some together."""
    n, random = len(deployment.items), np.random.default_rng(0)
    for name, recommender in deployment.recommenders.items():
        for questions in (1, together) if n else ():
            queries = Queries.of(random.integers(n, size=(questions, _LONG)).tolist(), times=int(time.time()))
            allowed = Allowed(np.ones((1, n), dtype=np.bool_))
            try:
                answer = recommender.recommend(queries, _K, allowed)
                if isinstance(recommender, Explains):
                    recommender.because(queries, answer)
                if isinstance(recommender, FindsSimilar):
                    recommender.similar_items(ints(list(range(questions))), _K, allowed)
                for voice in speaking(recommender):
                    if isinstance(voice, Model):
                        voice.score(queries, ints([0]))  # as audiences do
            except Exception as error:
                _log.info("%s of version %s was not asked: %s", name, deployment.version, error)


def _ask(recommender: Recommender, n_items: int, questions: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    random = np.random.default_rng(0)
    for number in range(questions):
        history = random.integers(n_items, size=_LONG).tolist() if n_items else []
        queries = Queries.of([history], times=int(time.time()))
        answer = recommender.recommend(queries, _K)
        if not number and isinstance(recommender, Explains):
            recommender.because(queries, answer)  # compiles for seconds where nobody ever asked on this machine
        if time.monotonic() > end:
            return
    if questions > 1 and isinstance(recommender, FindsSimilar) and n_items:
        recommender.similar_items(ints([0]), _K)
