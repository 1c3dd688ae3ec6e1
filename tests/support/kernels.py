"""The training kernels: compiled once for a run of the tests, and what the first start in a new folder said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile

from tests.support.loading import ROOT

#: trains two steps, says how many functions numba has compiled
START = """
import sys
import numpy as np, chainrule as cr
from numba.core import event
from chainrule.train.engine import Rows
from chainrule.train.engines import start
from chainrule.train.recipe import Recipe
compiled = event.RecordingListener()
event.register("numba:compile", compiled)
net = cr.Network.random((2, 3, 2), "tanh", seed=0, dtype=sys.argv[1])
engine = start(net, Recipe(batch_size=4))
engine.steps(Rows(np.zeros((8, 2), sys.argv[1]), np.zeros(8, np.int64)), np.arange(8), np.full(2, 0.1))
engine.close()
print(len(compiled.buffer))
"""
SAID = "CHAINRULE_TESTS_FIRST_START"  # what the start of float32 has said, for the workers
_made: list[str] = []


def begin(dtype: str, folder: str | None) -> subprocess.Popen[str]:
    """A start in a process of its own, whose cache is in the folder; None leaves it where it is."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": folder} if folder else {})
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", START, dtype], cwd=ROOT, env=environment, **pipes)


def end(start: subprocess.Popen[str]) -> tuple[int, str]:
    """How many functions were compiled, and what was said."""
    out, err = start.communicate(timeout=600)
    assert start.returncode == 0, err
    return int(out), err


def compile_all(fresh: bool) -> None:
    """Both types at once; ``fresh`` into a new folder, which this process and those that it starts use from then on."""
    if fresh:
        _made.append(tempfile.mkdtemp(prefix="chainrule-kernels-"))
        os.environ["NUMBA_CACHE_DIR"] = _made[0]
    both = [begin(dtype, None) for dtype in ("float32", "float64")]
    said = [end(start) for start in both]
    if fresh:
        os.environ[SAID] = json.dumps(said[0])


def first_and_second(folder: str) -> list[tuple[int, str]]:
    """What two starts with the same new folder say; that of the run's own beginning where it was with a new one."""
    if SAID in os.environ:
        return [tuple(json.loads(os.environ[SAID])), end(begin("float32", None))]
    return [end(begin("float32", folder)) for _ in range(2)]


def clean() -> None:
    """Remove the new folder."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
