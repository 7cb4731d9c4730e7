"""The other side of `measure.race`: prepares one contender's work and does it whenever it is told to.

Runs in the interpreter of a peer too, so it imports nothing but the standard library. Spoken on stdin and stdout, one
JSON object per line: after "ready" it answers every "go" with the times of one turn, and "end" with the rest.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
from importlib.metadata import version
from typing import Any, TextIO


def main(told: dict[str, Any]) -> None:
    """told: the fields of a `measure.Contender`."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    module, function = told["target"].split(":")
    work, judge = getattr(importlib.import_module(module), function)(**told["arguments"])
    result = work() if told["warm"] else None
    _say(out, {"ready": True})
    for line in sys.stdin:
        if line.strip() == "end":
            break
        del result
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        result = work()
        _say(out, {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    versions = {package: version(package) for package in told["packages"]}
    _say(out, {"peak_mb": peak, "quality": judge(result), "versions": versions})


def _say(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
