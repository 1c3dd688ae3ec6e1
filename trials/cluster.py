"""Trials of faults on a cluster: workers killed, stopped and restarted at random moments, fits broken off and resumed.

python -m trials.cluster kill --runs 10 | workers | resume | hang
Each prints what was done and ends with code 1 where a fit did not end with the weights of a run without faults.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import dask
import dask.array as da
import numpy as np

from chainrule.distributed import MLPClassifier
from chainrule.train.callbacks import Callback
from tests.support.clusters import bitwise, cluster, table

ROWS, PARTITIONS, WIDTH = 120_000, 24, 20
SILENCE = "5s"  # after which a scheduler gives a worker up; Dask allows none shorter: ten heartbeats
SETTINGS = {
    "lbfgs": {"solver": "lbfgs", "max_iter": 15},
    "adam": {"solver": "adam", "max_iter": 15, "early_stopping": True, "validation_fraction": 0.2},
    "groups": {"solver": "sgd", "max_iter": 4, "steps_per_epoch": 4, "standardize": True},
    "minibatches": {"mode": "minibatches", "max_iter": 6, "batch_size": 512, "early_stopping": True},
    "rounds": {"mode": "rounds", "solver": "adam", "max_iter": 4, "local_steps": 10},
}


def data(rows=ROWS, partitions=PARTITIONS):
    """Rows made on the workers, so that a lost partition can be made again."""
    size = rows // partitions

    def piece(number):
        return table(size, WIDTH, seed=number)

    made = [dask.delayed(piece, pure=True)(i) for i in range(partitions)]
    x = [da.from_delayed(part[0], (size, WIDTH), float) for part in made]
    y = [da.from_delayed(part[1], (size,), int) for part in made]
    return da.concatenate(x), da.concatenate(y)


def fitted(client, name, x, y, **more):
    settings = {"hidden_layer_sizes": (32, 16), "random_state": 1, "client": client, "timeout": 120.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MLPClassifier(**settings | SETTINGS[name] | more).fit(x, y)


def processes(client, workers=2):
    """The processes of the workers, as soon as all are there."""
    client.wait_for_workers(workers, timeout=120)
    return list(client.run(os.getpid).values())


@contextlib.contextmanager
def warm_cluster():
    """Two workers, processes that import all of a fit before they take a task, given up after some seconds of silence.

    A worker says nothing while it imports; a busy machine takes seconds for that, also where a nanny starts one again.
    Without this, silence would not mean the fault.
    """
    settings = {"distributed.worker.preload": ["trials.cluster"], "distributed.scheduler.worker-ttl": SILENCE}
    with dask.config.set(settings), cluster(2, processes=True) as client:
        processes(client)
        yield client


class Fault(threading.Thread):
    """Does something to a worker after a while, unless the fit was faster."""

    def __init__(self, after, act):
        super().__init__(daemon=True)
        self.after, self.act, self.over, self.done = after, act, threading.Event(), False

    def run(self):
        if not self.over.wait(self.after):
            self.act()
            self.done = True


def kill(runs, seed):
    """SIGKILL to one worker at a random moment of each run; its nanny starts another in its place."""
    draw, x_y, failed = random.Random(seed), data(), 0
    for name in SETTINGS:
        hit = differ = 0
        with warm_cluster() as client:
            fitted(client, name, *x_y)  # loads the library
            began = time.perf_counter()
            whole = fitted(client, name, *x_y)
            length = time.perf_counter() - began
            for _ in range(runs):
                victim = draw.choice(processes(client))
                fault = Fault(draw.uniform(0.05, 0.7) * length, lambda v=victim: os.kill(v, signal.SIGKILL))
                fault.start()
                again = fitted(client, name, *x_y)
                fault.over.set()
                fault.join()
                hit += fault.done
                differ += not bitwise(whole, again)
        print(f"{name}: {runs} runs of {length:.1f} s, a worker killed in {hit}: {differ} differ", flush=True)
        failed += differ + (hit == 0)  # a trial in which nobody died shows nothing
    return failed


def workers(runs, seed):
    """The same with 1, 2 and 3 workers."""
    x_y, failed = data(), 0
    for name in SETTINGS:
        found = []
        for count in (1, 2, 3):
            with cluster(count, processes=True) as client:
                found.append(fitted(client, name, *x_y))
        same = all(bitwise(found[0], other) for other in found[1:])
        failed += not same
        print(f"{name}: with 1, 2 and 3 workers {'the same weights' if same else 'other weights'}", flush=True)
    return failed


class Stop(Callback):
    """Does something after an epoch: breaks the fit off, as a process that is killed would, if nothing else is said."""

    def __init__(self, after, act=sys.exit):
        self.after, self.act, self.done = after, act, False

    def on_epoch_end(self, run):
        if len(run.history) == self.after:
            self.done = True
            self.act()


def resume(runs, seed):
    """Broken off, then resumed on another number of workers."""
    x_y, failed = data(), 0
    for name in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state"
            with cluster(2, processes=True) as client:
                whole = fitted(client, name, *x_y)
                if name == "lbfgs":
                    fitted(client, name, *x_y, checkpoint=file, max_iter=6)
                    file.write_bytes(file.read_bytes()[:-5])  # as if killed while it was written
                else:
                    with contextlib.suppress(SystemExit):
                        fitted(client, name, *x_y, checkpoint=file, callbacks=[Stop(3)])
            assert file.stat().st_size > 0
            with cluster(3, processes=True) as client:
                callbacks = [] if name == "lbfgs" else [Stop(10**9)]
                again = fitted(client, name, *x_y, checkpoint=file, callbacks=callbacks)
        same = bitwise(whole, again)
        failed += not same
        print(
            f"{name}: stopped and resumed on 3 workers: {'the same weights' if same else 'other weights'}", flush=True
        )
    return failed


def hang(runs, seed):
    """A worker that is stopped (SIGSTOP) in the middle of a fit and never answers again."""
    x_y, failed = data(), 0
    for name in ("adam", "minibatches"):
        if name not in SETTINGS:
            continue
        with warm_cluster() as client:
            whole = fitted(client, name, *x_y)
            victim = processes(client)[0]  # all are there: none is starting
            stop = Stop(4, lambda victim=victim: os.kill(victim, signal.SIGSTOP))
            began = time.perf_counter()
            again = fitted(client, name, *x_y, callbacks=[stop])
            length = time.perf_counter() - began
            with contextlib.suppress(ProcessLookupError):  # its nanny may have ended it
                os.kill(victim, signal.SIGCONT)
        differs = not (bitwise(whole, again) and stop.done)
        failed += differs
        same = "other weights" if differs else "the same weights"
        given_up = f"a worker that hangs (stopped: {stop.done}) is given up"
        print(f"{name}: {given_up}, {same} after {length:.1f} s", flush=True)
    return failed


if __name__ == "__main__":
    trials = {"kill": kill, "workers": workers, "resume": resume, "hang": hang}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trial", choices=trials)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    np.seterr(all="ignore")
    sys.exit(bool(trials[given.trial](given.runs, given.seed)))
