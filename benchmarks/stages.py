"""Where the time of a question goes: the functions on its way are wrapped, each is charged for what it does itself."""

import importlib
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

WAY = {
    "regulars.serving.engine:Engine.answer": "scenario, groups, cursor, exposure",
    "regulars.serving.histories:Reader._read": "history from the store",
    "regulars.serving.coding:Coding.histories": "history to arrays",
    "regulars.serving.asking:Batch.queries": "history to arrays",
    "regulars.serving.asking:Batch.permitted": "rules: what may be shown",
    "regulars.serving.ladder:Ladder.recommend": "ladder of sources",
    "regulars.models.kinds.fold_in:FoldIn.encode": "fold-in of the customer",
    "regulars.kernels.topk:Products.top_k": "search of 100,000 vectors",
    "regulars.serving.ladder:Ladder.because": "reasons: arithmetic",
    "regulars.serving.telling:Telling.__init__": "ids, names, sentences",
    "regulars.serving.telling:Telling.lines": "ids, names, sentences",
}


class Stages:
    """CPU seconds of the calling thread by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]
        for place, stage in WAY.items():
            module, name = place.split(":")
            owner, method = name.split(".")
            self._wrap(getattr(importlib.import_module(module), owner), method, stage)

    def _wrap(self, owner: Any, method: str, stage: str) -> None:
        known = vars(owner)[method]
        if isinstance(known, cached_property):
            made = cached_property(self._timed(known.func, stage))
            made.__set_name__(owner, method)
            setattr(owner, method, made)
        else:
            setattr(owner, method, self._timed(known, stage))

    def _timed(self, work: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(work)
        def timed(*args: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            began = time.thread_time()
            try:
                return work(*args, **options)
            finally:
                took = time.thread_time() - began
                self.seconds[stage] += took - self._inner.pop()
                self._inner[-1] += took

        return timed
