"""Two hosts on one machine, in network namespaces: scheduler and client on one, a worker on the other; the link cut.

python -m trials.cluster_hosts     needs root and Linux's network namespaces (iproute2)

Three fits: the link whole; the link cut for some seconds and restored, with a second worker beside the scheduler; and
the link cut for good, with no other worker. The first two must end with the same weights, the last with an error within
its bound.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE, OTHER = "10.77.0.1", "10.77.0.2"
ADDRESS = f"tcp://{ONE}:8786"
CUT = 6.0  # seconds
TIMEOUT = 45.0  # of the fit: seconds without a partition done
BOUND = 120.0  # seconds until the last fit must have ended
SETTINGS = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "12s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s",
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
            process.wait()
        for name in (self.one, self.other):
            subprocess.run(["ip", "netns", "del", name], check=False)

    def start(self, host, *command, **more):
        """A process on one of the hosts."""
        environment = {**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)}
        words = ["ip", "netns", "exec", host, sys.executable, "-W", "ignore", *command]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(words, env=environment, **quiet | more)
        self.processes.append(process)
        return process

    def link(self, state):
        """Cut the link (down), or restore it (up)."""
        ip("-n", self.other, "link", "set", "toone", state)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def cluster(beside):
    """Hosts with a scheduler, a worker on the other host, and perhaps one beside the scheduler."""
    with Hosts() as hosts:
        dask = ["-m", "dask"]
        hosts.start(hosts.one, *dask, "scheduler", "--host", ONE, "--port", "8786", "--no-dashboard")
        worker = [*dask, "worker", ADDRESS, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "60"]
        hosts.start(hosts.other, *worker, "--host", OTHER)
        if beside:
            hosts.start(hosts.one, *worker, "--host", ONE)
        yield hosts


def fit(hosts, workers, on_step):
    """The last line that a fit on these hosts says; ``on_step`` is told each of its steps as it ends."""
    client = hosts.start(
        hosts.one, "-m", "trials.cluster_hosts", "client", str(workers), stdout=subprocess.PIPE, text=True
    )
    said = ""
    for said in client.stdout:
        if said.startswith("step "):
            on_step(int(said.split()[1]))
    client.wait()
    return said.strip()


def client(workers):
    """What runs beside the scheduler: a fit in exact mode; says each step, and a digest of the weights or the error."""
    import distributed
    import numpy as np

    from chainrule.distributed import MLPClassifier
    from chainrule.train.callbacks import Callback
    from trials.cluster import data

    class Say(Callback):
        def on_epoch_end(self, run):
            print("step", len(run.history), flush=True)

    with distributed.Client(ADDRESS, timeout=60) as connected:
        connected.wait_for_workers(workers, timeout=60)
        x, y = data(48_000, 6)
        est = MLPClassifier(
            (32,), max_iter=14, random_state=0, client=connected, timeout=TIMEOUT, callbacks=[Say()], persist=False
        )
        try:
            est.fit(x, y)
        except OSError as error:
            print(f"error: {error}", flush=True)
            os._exit(1)  # the scheduler may not answer a goodbye
        weights = b"".join(np.ascontiguousarray(part).tobytes() for part in (*est.coefs_, *est.intercepts_))
        print("weights", hashlib.sha256(weights).hexdigest()[:16], flush=True)
        os._exit(0)


def trials(say=print):
    """The three fits; what the second and the third said, in seconds and words, must be right.

    Returns:
        Whether all ended well.
    """
    with cluster(beside=True) as hosts, ExitStack() as stack:
        whole = fit(hosts, 2, lambda step: None)
        say(f"link whole: {whole}")
        began = time.monotonic()

        def cut(step):
            if step == 4:
                hosts.link("down")
                timer = threading.Timer(CUT, hosts.link, ["up"])
                timer.start()
                stack.callback(timer.join)

        again = fit(hosts, 2, cut)
        say(f"link cut for {CUT:g} s: {again} after {time.monotonic() - began:.0f} s")
    with cluster(beside=False) as hosts:
        began = []

        def cut_for_good(step):
            if step == 4:
                hosts.link("down")
                began.append(time.monotonic())

        last = fit(hosts, 1, cut_for_good)
        length = time.monotonic() - began[0] if began else float("inf")
        say(f"link cut for good: {last!r}, {length:.0f} s after the cut")
    return whole.startswith("weights") and again == whole and last.startswith("error: ") and length < BOUND


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client(int(sys.argv[2]))
    elif reason := able():
        sys.exit(f"no network namespaces here: {reason}")
    else:
        sys.exit(not trials())
