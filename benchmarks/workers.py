"""A process for each peer and thread count: it waits at a pipe until it is told what to run.

Only one is told at a time. After each block there is a pause, because the threads of OpenMP and of BLAS spin for some
milliseconds after their work, and would take the processor from the next. (They could be told not to spin, but that
slows PyTorch: everyone keeps its own way.)
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from cases import Case
from peers import PEERS

PAUSE = 0.15  # seconds after a block
BLOCK = 0.3  # seconds that a block fills at least


class WorkerFailed(Exception):
    """A worker ended or said that it cannot."""


class Worker:
    """This side of the pipe.

    Attributes:
        peer: its name in ``PEERS``.
        asked: its thread count, or None for its own choice.
        used: the threads that it has for the case.
        first_s: seconds to make it ready for the case and train the first epoch, with what is compiled for them.
        epochs: epochs of a block.
    """

    def __init__(self, peer: str, asked: int | None, environment: dict[str, str] | None = None) -> None:
        self.peer, self.asked, self.label = peer, asked, PEERS[peer].label
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the worker
        given = {**os.environ, **PEERS[peer].environment(asked), **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), peer, str(asked or 0)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=given, start_new_session=True,
        )  # fmt: skip

    def ask(self, **question: Any) -> dict[str, Any]:
        """The worker's answer.

        Raises:
            WorkerFailed: it has ended, or tells an error.
        """
        pipe_in, pipe_out = self.process.stdin, self.process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        try:
            pipe_in.write(json.dumps(question) + "\n")
            pipe_in.flush()
            line = pipe_out.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:] or ["no message"]
            raise WorkerFailed(f"{self.label}: its process ended: {last[0]}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(f"{self.label}: {answer['error']}")
        return answer

    def take(self, case: Case, block: float = BLOCK) -> None:
        """Make ready for a case, warm up, and find how many epochs fill a block of so many seconds."""
        answer = self.ask(do="take", case=case.told())
        self.used, self.first_s = answer["threads"], answer["first_s"]
        epochs, wall = 1, 0.0
        while wall < block / 3:
            start = time.perf_counter()
            ms = self.ask(do="block", epochs=epochs)["ms"]
            wall = time.perf_counter() - start
            epochs *= 3
        self.epochs = max(1, min(math.ceil(1e3 * block / max(ms, 1e-3)), 4 * epochs))
        time.sleep(PAUSE)

    def time(self) -> float:
        """Milliseconds an epoch, over one block."""
        ms: float = self.ask(do="block", epochs=self.epochs)["ms"]
        time.sleep(PAUSE)
        return ms

    def loss(self, epochs: int) -> float:
        """Training loss after so many epochs from new parameters."""
        return float(self.ask(do="loss", epochs=epochs)["loss"])

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            with suppress(BrokenPipeError):
                pipe.close()


def best(workers: list[Worker], blocks: int = 3) -> Worker:
    """The one with the least median time, over blocks run in turn."""
    if len(workers) == 1:
        return workers[0]
    times: dict[int, list[float]] = {id(w): [] for w in workers}
    for turn in range(blocks):
        for w in workers if turn % 2 == 0 else reversed(workers):
            times[id(w)].append(w.time())
    return min(workers, key=lambda w: statistics.median(times[id(w)]))


def rounds(workers: list[Worker], count: int, tell: Any = lambda text: None) -> dict[str, list[float]]:
    """Milliseconds an epoch of each worker in each round: all of them in order, then all in the opposite order, ..."""
    times: dict[str, list[float]] = {w.peer: [] for w in workers}
    for turn in range(count):
        for w in workers if turn % 2 == 0 else reversed(workers):
            tell(f"{w.label}, round {turn + 1} of {count}")
            times[w.peer].append(w.time())
    return times


# ---------------------------------------------------------------- the worker's own side


def peak_mb() -> float:
    """The most memory that this process has had, in MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def serve(peer: str, threads: int | None) -> None:
    """Answer questions from the standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    trainer = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["do"] == "take":
                case = Case(**question["case"])
                case.data()  # made here, that it is not timed
                trainer = None
                PEERS[peer].imports()
                start = time.perf_counter()
                trainer = PEERS[peer](case, threads)
                trainer.first()
                answer = {"threads": trainer.used, "first_s": time.perf_counter() - start}
            elif question["do"] == "block":
                answer = {"ms": 1e3 * trainer.block(question["epochs"]) / question["epochs"]}
            elif question["do"] == "loss":
                answer = {"loss": trainer.loss(question["epochs"])}
            elif question["do"] == "begin":  # of a process: benchmarks/startup.py
                case = Case(**question["case"])
                case.data()  # made here, that it is not timed
                start = time.perf_counter()
                PEERS[peer].imports()
                imported = time.perf_counter()
                trainer = PEERS[peer](case, threads)
                trainer.first()
                answer = {"import_s": imported - start, "first_s": time.perf_counter() - imported, "mb": peak_mb()}
            else:
                answer = {"error": f"unknown question {question['do']}"}
        except Exception as e:
            answer = {"error": f"{type(e).__name__}: {e}".splitlines()[0]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]) or None)
