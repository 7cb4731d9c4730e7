"""Figure: one measured line, for machines; no imports, as peers' interpreters read it too."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

OURS = "regulars"


@dataclass(frozen=True)
class Figure:
    """What one library needed for one task, and how good the result is.

    seconds, cpu_seconds: medians of the repetitions, CPU over all threads. peak_mb: of the process, imports and data
    included. quality: such as {"recall@20": .1}. further: threads, versions, machine, single repetitions and the like.
    A peer that could not run has no seconds and says why in `further["absent"]`.
    """

    task: str
    data: str
    peer: str
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    further: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=False)
