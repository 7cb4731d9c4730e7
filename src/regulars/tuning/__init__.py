"""Choosing settings: search over the ranges of any methods, on a validation that holds nothing of the test.

    test = TimeSplit(days=28).cut(dataset)
    study = tune({"als": ALS(), "item_knn": ItemKNN()}, test.train, exam=Exam(TimeSplit(days=28)), file="study.db")
    study.standings()       # method, trials, start, best, gain
    study.tuned()["als"]    # ALS with its best settings: fit it on test.train and look at the test, once

NEEDS says what each method needs of a shop, `advise` what this shop has of it.
"""

from .advice import Advice, Verdict, advise
from .exam import Exam
from .facts import Facts
from .needs import NEEDS, Need
from .nested import Nested, nested
from .plan import Plan
from .space import Space
from .study import Study
from .trial import State, Trial
from .tune import tune

__all__ = [
    "NEEDS",
    "Advice",
    "Exam",
    "Facts",
    "Need",
    "Nested",
    "Plan",
    "Space",
    "State",
    "Study",
    "Trial",
    "Verdict",
    "advise",
    "nested",
    "tune",
]
