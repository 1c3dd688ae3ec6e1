"""Two hosts on one machine, in network namespaces: scheduler and client on one, a worker on the other; the link cut.

python -m trials.cluster_hosts     needs root and Linux's network namespaces (iproute2)

Three fits by one client: the link whole; the link cut for some seconds and restored, with a second worker beside the
scheduler; and the link cut for good, with no other worker. The first two must end with the same weights, the last with
an error within its bound. The processes are forks of one that has imported all of a fit: silence means the cut.
"""

import asyncio
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import dask
import distributed
import numpy as np

from chainrule.distributed import MLPClassifier
from chainrule.train.callbacks import Callback
from tests.support.clusters import forks
from trials.cluster import data

ONE, OTHER = "10.77.0.1", "10.77.0.2"
ADDRESS = f"tcp://{ONE}:8786"
ROWS, PARTITIONS, STEPS = 12_000, 6, 8
CUT = 2.0  # seconds; TCP tries again 3 s after the cut, before anybody gives up
PATIENCE = 120.0  # of the fits that end: seconds without a partition done
TIMEOUT = 8.0  # of the fit that cannot end
BOUND = 60.0  # seconds until it must have ended
SETTINGS = {
    "distributed.comm.timeouts.tcp": "12s",
    "distributed.comm.timeouts.connect": "12s",
    "distributed.scheduler.worker-ttl": "10s",
}


def able():
    """Why there can be no namespaces here, or an empty text."""
    if not sys.platform.startswith("linux") or shutil.which("ip") is None:
        return "no iproute2"
    if os.geteuid() != 0:
        return "not root"
    name = f"chainrule-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode:
        return tried.stderr.strip() or "ip netns add fails"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


class Hosts:
    """Two namespaces with a link between them."""

    def __init__(self):
        self.one, self.other = (f"chainrule-{os.getpid()}-{i}" for i in (1, 2))
        self.processes = []

    def __enter__(self):
        for name in (self.one, self.other):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", self.one, "link", "add", "toother", "type", "veth", "peer", "name", "toone", "netns", self.other)
        for name, link, address in ((self.one, "toother", ONE), (self.other, "toone", OTHER)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.join()
        for name in (self.one, self.other):
            subprocess.run(["ip", "netns", "del", name], check=False)

    def start(self, host, function, *arguments):
        """A process on one of the hosts, which calls the function."""
        process = forks().Process(target=on_host, args=(host, function, *arguments), daemon=True)
        process.start()
        self.processes.append(process)
        return process

    def link(self, state):
        """Cut the link (down), or restore it (up)."""
        ip("-n", self.other, "link", "set", "toone", state)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def on_host(name, function, *arguments):
    """Call the function in this process, on a host, with no word of what is lost."""
    with open(f"/var/run/netns/{name}", "rb") as file:
        assert ctypes.CDLL(None).setns(file.fileno(), 0) == 0, name
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    with dask.config.set(SETTINGS):
        function(*arguments)


def scheduler():
    """Schedule until the process is ended."""
    asyncio.run(finished(distributed.Scheduler, host=ONE, port=8786, dashboard=False))


def worker(host):
    """Work until the process is ended."""
    asyncio.run(finished(distributed.Worker, ADDRESS, host=host, nthreads=1, death_timeout=60, dashboard=False))


async def finished(kind, *arguments, **more):
    async with kind(*arguments, **more) as server:
        await server.finished()


def cluster(hosts):
    """A scheduler on one host, a worker on the other, a worker and a client beside the scheduler: the last two.

    Of the client its end of a pipe.
    """
    hosts.start(hosts.one, scheduler)
    hosts.start(hosts.other, worker, OTHER)
    beside = hosts.start(hosts.one, worker, ONE)
    ours, theirs = forks().Pipe()
    hosts.start(hosts.one, client, theirs)
    theirs.close()
    return beside, ours


def fit(client, workers, timeout, on_step):
    """What the client says of a fit at its end; ``on_step`` is told each of its steps as it ends."""
    client.send((workers, timeout))
    try:
        while isinstance(said := client.recv(), int):
            on_step(said)
    except EOFError:
        return "the client has ended"
    return said


class Say(Callback):
    """Sends the number of each step."""

    def __init__(self, asks):
        self.asks = asks

    def on_epoch_end(self, run):
        self.asks.send(len(run.history))


def client(asks):
    """What runs beside the scheduler: fits in exact mode, each as a pair that comes says: workers, and a timeout.

    Sends the number of each step of a fit, and a digest of its weights or the error.
    """
    connected = distributed.Client(ADDRESS, timeout=60)
    x, y = data(ROWS, PARTITIONS)
    while True:
        workers, timeout = asks.recv()
        end = time.monotonic() + 60
        while len(connected.scheduler_info()["workers"]) != workers:  # also one that is to go
            assert time.monotonic() < end, f"expected {workers} workers"
            time.sleep(0.1)
        settings = {"max_iter": STEPS, "random_state": 0, "timeout": timeout, "persist": False}
        try:
            est = MLPClassifier((32,), client=connected, callbacks=[Say(asks)], **settings).fit(x, y)
        except OSError as error:
            asks.send(f"error: {error}")
            continue
        weights = b"".join(np.ascontiguousarray(part).tobytes() for part in (*est.coefs_, *est.intercepts_))
        asks.send(f"weights {hashlib.sha256(weights).hexdigest()[:16]}")


def trials(say=print):
    """The three fits; what the second and the third said, in seconds and words, must be right.

    Returns:
        Whether all ended well.
    """
    with Hosts() as hosts, ExitStack() as stack:
        beside, client = cluster(hosts)
        whole = fit(client, 2, PATIENCE, lambda step: None)
        say(f"link whole: {whole}")
        began = time.monotonic()

        def cut(step):
            if step == 3:
                hosts.link("down")
                timer = threading.Timer(CUT, hosts.link, ["up"])
                timer.start()
                stack.callback(timer.join)

        again = fit(client, 2, PATIENCE, cut)
        say(f"link cut for {CUT:g} s: {again} after {time.monotonic() - began:.0f} s")
        beside.terminate()
        began = []

        def cut_for_good(step):
            if step == 3:
                hosts.link("down")
                began.append(time.monotonic())

        last = fit(client, 1, TIMEOUT, cut_for_good)
        length = time.monotonic() - began[0] if began else float("inf")
        say(f"link cut for good: {last!r}, {length:.0f} s after the cut")
    return whole.startswith("weights") and again == whole and last.startswith("error: ") and length < BOUND


if __name__ == "__main__":
    if reason := able():
        sys.exit(f"no network namespaces here: {reason}")
    else:
        sys.exit(not trials())
