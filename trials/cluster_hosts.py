"""Two hosts on one machine, in network namespaces: scheduler and client on one, a worker on the other; the link cut.

python -m trials.cluster_hosts     needs root and Linux's network namespaces (iproute2)

Three fits by one client: the link whole; the link cut for some seconds and restored, with a second worker beside the
scheduler; and the link cut for good, with no other worker. The first two must end with the same weights, the last with
an error within its bound. The workers import all of a fit before they take a task, so that silence means the cut.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONE, OTHER = "10.77.0.1", "10.77.0.2"
ADDRESS = f"tcp://{ONE}:8786"
CUT = 3.0  # seconds; TCP tries again 6.2 s after the cut, before anybody gives up
PATIENCE = 120.0  # of the fits that end: seconds without a partition done
TIMEOUT = 15.0  # of the fit that cannot end
BOUND = 60.0  # seconds until it must have ended
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


def cluster(hosts):
    """A scheduler on one host, a worker on the other, a worker and a client beside the scheduler: the last two."""
    dask = ["-m", "dask"]
    hosts.start(hosts.one, *dask, "scheduler", "--host", ONE, "--port", "8786", "--no-dashboard")
    worker = [*dask, "worker", ADDRESS, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "60"]
    worker += ["--preload", "trials.cluster"]
    hosts.start(hosts.other, *worker, "--host", OTHER)
    beside = hosts.start(hosts.one, *worker, "--host", ONE)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return beside, hosts.start(hosts.one, "-m", "trials.cluster_hosts", "client", **pipes)


def fit(client, workers, timeout, on_step):
    """The last line that the client says of a fit; ``on_step`` is told each of its steps as it ends."""
    print(workers, timeout, file=client.stdin, flush=True)
    for said in client.stdout:
        if not said.startswith("step "):
            return said.strip()
        on_step(int(said.split()[1]))
    return "the client has ended"


def client():
    """What runs beside the scheduler: fits in exact mode, each as a line of the input says: workers, and a timeout.

    Says each step of a fit, and a digest of its weights or the error.
    """
    import distributed
    import numpy as np

    from chainrule.distributed import MLPClassifier
    from chainrule.train.callbacks import Callback
    from trials.cluster import data

    class Say(Callback):
        def on_epoch_end(self, run):
            print("step", len(run.history), flush=True)

    connected = distributed.Client(ADDRESS, timeout=60)
    x, y = data(48_000, 6)
    for line in sys.stdin:
        workers, timeout = line.split()
        end = time.monotonic() + 60
        while len(connected.scheduler_info()["workers"]) != int(workers):  # also one that is to go
            assert time.monotonic() < end, f"expected {workers} workers"
            time.sleep(0.1)
        settings = {"max_iter": 14, "random_state": 0, "timeout": float(timeout), "persist": False}
        try:
            est = MLPClassifier((32,), client=connected, callbacks=[Say()], **settings).fit(x, y)
        except OSError as error:
            print(f"error: {error}", flush=True)
            continue
        weights = b"".join(np.ascontiguousarray(part).tobytes() for part in (*est.coefs_, *est.intercepts_))
        print("weights", hashlib.sha256(weights).hexdigest()[:16], flush=True)
    os._exit(0)  # the scheduler may not answer a goodbye


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
            if step == 4:
                hosts.link("down")
                timer = threading.Timer(CUT, hosts.link, ["up"])
                timer.start()
                stack.callback(timer.join)

        again = fit(client, 2, PATIENCE, cut)
        say(f"link cut for {CUT:g} s: {again} after {time.monotonic() - began:.0f} s")
        beside.terminate()
        began = []

        def cut_for_good(step):
            if step == 4:
                hosts.link("down")
                began.append(time.monotonic())

        last = fit(client, 1, TIMEOUT, cut_for_good)
        length = time.monotonic() - began[0] if began else float("inf")
        say(f"link cut for good: {last!r}, {length:.0f} s after the cut")
    return whole.startswith("weights") and again == whole and last.startswith("error: ") and length < BOUND


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client()
    elif reason := able():
        sys.exit(f"no network namespaces here: {reason}")
    else:
        sys.exit(not trials())
