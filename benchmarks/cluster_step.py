"""What a step of exact mode moves and costs on two workers, and what a prediction by a large model holds.

    python benchmarks/cluster_step.py rows        # partitions held by both, bytes a step each way, seconds a step
    python benchmarks/cluster_step.py small       # a thousand partitions of ten rows
    python benchmarks/cluster_step.py predict     # a model of 10 million weights over 200 partitions
    python benchmarks/cluster_step.py ddp         # rows a second of minibatches beside PyTorch's DDP (gloo)

Each is printed only, with the share of two processors that others left (1: none of it was taken), and ends with code 1
where a bound does not hold: rows that are on both workers, more than 1.1 times parameters and workers on the wire, a
step of 0.4 s, a worker that holds more than ten models, a tenth fewer rows a second than DDP.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import dask.array as da
import distributed
import numpy as np

import chainrule as cr
from chainrule.distributed import MLPClassifier
from chainrule.distributed.arranging import arrange
from chainrule.distributed.exact import gradient_of_block
from chainrule.distributed.partitions import partitions
from chainrule.distributed.prepare import Preparation, prepare_block
from chainrule.distributed.summary import PartitionSplit
from chainrule.distributed.work import Work

WIDTH, CLASSES, STEPS = 50, 5, 8


def cluster(**more):
    return distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50, **more)


def left():
    """The share of two processors that this machine had to give, by what two busy threads of work got in a while."""

    def busy():
        began, used, x = time.perf_counter(), time.thread_time(), np.ones(1 << 15)
        while time.perf_counter() - began < 0.5:
            np.sqrt(x, out=x)
        return (time.thread_time() - used) / (time.perf_counter() - began)

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda _: busy(), range(2))) / 2


def _moved(dask_worker):
    return sum(each["total"] for each in dask_worker.transfer_incoming_log)


def _replicas(dask_scheduler):
    return [len(t.who_has) for t in dask_scheduler.tasks.values() if str(t.key).startswith("prepare")]


def steps(count, rows, hidden):
    """Bytes a step that the workers got, over parameters and workers; blocks on both workers; seconds of each step."""
    net = cr.Network.random([WIDTH, *hidden, CLASSES], "relu", seed=0).summed()
    how = Preparation(None, None, np.arange(CLASSES), CLASSES, None, "cross_entropy", (0.0, 1.0), np.float64)
    X = da.random.random((count * rows, WIDTH), chunks=(rows, WIDTH))
    y = da.zeros(count * rows, chunks=rows, dtype=int)
    with cluster() as local, distributed.Client(local) as client, Work(client) as work:
        given = [rows] * count, 8 * (WIDTH + 2), True, prepare_block, how, PartitionSplit(0, 0.0)
        blocks, like = arrange(work, partitions(X, y).parts, *given).learn, work.send(net)
        distributed.wait(distributed.futures_of(list(blocks.tasks)))
        work.total("gradient", gradient_of_block, blocks, net.flat, like)
        before, seconds = sum(client.run(_moved).values()), []
        for _ in range(STEPS):
            began = time.perf_counter()
            work.total("gradient", gradient_of_block, blocks, net.flat, like)
            seconds.append(time.perf_counter() - began)
        moved = (sum(client.run(_moved).values()) - before) / STEPS
        on_both = sum(count > 1 for count in client.run_on_scheduler(_replicas))
    size = 8 * net.parameter_count
    # the workers get the weights, one of them at second hand, and one of them the other's gradient
    return moved / size / 2, on_both, len(blocks), seconds


def rows(given):
    moved, on_both, blocks, seconds = steps(given.partitions or 13, given.rows or 20_000, (256, 256))
    print(f"{on_both} of {blocks} blocks on both workers after {STEPS} steps")
    print(f"the workers received {moved:.3f} times parameters and workers a step of {statistics.median(seconds):.2f} s")
    return on_both or moved > 1.1


def small(given):
    count, size = given.partitions or 1000, given.rows or 10
    _, _, blocks, seconds = steps(count, size, (64,))
    told = f"{statistics.median(seconds):.3f} s a step, least {min(seconds):.3f}"
    print(f"{count} partitions of {size} rows in {blocks} blocks: {told}")
    return min(seconds) > 0.4


class Watch(threading.Thread):
    """What each worker's process holds at most, by its proportional set size."""

    def __init__(self, processes):
        super().__init__(daemon=True)
        self.over, self.most = threading.Event(), dict.fromkeys(processes, 0)
        self.first = {pid: resident(pid) for pid in processes}

    def run(self):
        while not self.over.wait(0.1):
            for pid in self.most:
                self.most[pid] = max(self.most[pid], resident(pid))


def resident(pid):
    """Bytes of memory of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def predict(given):
    count, size = given.partitions or 200, given.rows or 50
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 1000)), rng.integers(0, CLASSES, 100)
    model = MLPClassifier((9_900,), max_iter=1, random_state=0, mode="rounds", batch_size=100)
    with cluster() as local, distributed.Client(local) as client:
        model.set_params(client=client).fit(da.from_array(x, chunks=(50, 1000)), da.from_array(y, chunks=50))
        weights = sum(part.size for part in model.coefs_)
        client.restart()
        X = da.random.random((count * size, 1000), chunks=(size, 1000))
        watch = Watch(client.run(os.getpid).values())
        watch.start()
        began = time.perf_counter()
        found = model.predict(X).compute()
        spent = time.perf_counter() - began
        watch.over.set()
        watch.join()
    grown = max(watch.most[pid] - watch.first[pid] for pid in watch.most)
    print(
        f"{weights:,} weights ({weights * 8 / 1e6:.0f} MB), {count} partitions: {spent:.1f} s for {len(found):,} rows"
    )
    print(f"a worker grew by {grown / 1e6:,.0f} MB at most, {grown / weights / 8:.1f} models")
    return grown > 10 * weights * 8


# ---------------------------------------------------------------- minibatches beside DDP

DDP = """
import os, sys, time, torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
rank, port, rows, batch, epochs = map(int, sys.argv[1:])
torch.set_num_threads(1)
os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
dist.init_process_group("gloo", rank=rank, world_size=2)
torch.manual_seed(0)
n = rows // 2
x, y = torch.randn(n, 256), torch.randint(0, 5, (n,))
sizes = [256, 256, 256, 256]
layers = [m for a, b in zip(sizes, sizes[1:]) for m in (torch.nn.Linear(a, b), torch.nn.ReLU())]
model = DistributedDataParallel(torch.nn.Sequential(*layers, torch.nn.Linear(256, 5)))
step = torch.optim.Adam(model.parameters(), 1e-3)
loss = torch.nn.CrossEntropyLoss()
own = batch // 2
for epoch in range(epochs + 1):
    if epoch == 1:
        dist.barrier()
        began = time.perf_counter()
    order = torch.randperm(n)
    for at in range(0, n - own + 1, own):
        some = order[at : at + own]
        step.zero_grad()
        loss(model(x[some]), y[some]).backward()
        step.step()
dist.barrier()
if rank == 0:
    print(epochs * (n // own) * batch / (time.perf_counter() - began))
"""


def torch_rows(count, batch, epochs):
    """Rows a second of two processes; None without PyTorch."""
    import subprocess

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    arguments = [str(port), str(count), str(batch), str(epochs)]
    started = [
        subprocess.Popen([given_python(), "-c", DDP, str(rank), *arguments], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    said = [process.communicate()[0] for process in started]
    return float(said[0]) if not any(process.returncode for process in started) else None


def given_python():
    """The Python that has PyTorch: this one, or the one that the environment names."""
    return os.environ.get("CHAINRULE_TORCH_PYTHON", sys.executable)


def own_rows(count, batch, epochs):
    """Rows a second of the mode minibatches on two workers, of the epochs after the first."""
    warnings.simplefilter("ignore")
    X = da.random.normal(size=(count, 256), chunks=(count // 8, 256)).astype(np.float32)
    y = da.random.randint(0, CLASSES, count, chunks=count // 8)
    settings = {"batch_size": batch, "max_iter": epochs + 1, "random_state": 0, "alpha": 0.0, "tol": 0.0}
    with cluster() as local, distributed.Client(local) as client:
        est = MLPClassifier((256, 256, 256), mode="minibatches", n_iter_no_change=10**6, client=client, **settings)
        est.fit(X, y)
    return epochs * count / (est.history_[-1].seconds - est.history_[0].seconds)


def ddp(given):
    count, batch = given.rows or 131_072, 4096
    ratios = []
    for _ in range(given.rounds):
        own, theirs = own_rows(count, batch, 2), torch_rows(count, batch, 2)
        if theirs is None:
            print(f"{own:,.0f} rows a second; no PyTorch beside it")
            return False
        ratios.append(own / theirs)
        print(f"minibatches {own:,.0f} rows a second, DDP {theirs:,.0f}: {own / theirs:.2f} times", flush=True)
    return statistics.median(ratios) < 0.9


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rows", "small", "predict", "ddp"])
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--rows", type=int, help="of a partition; of ddp, in all")
    parser.add_argument("--rounds", type=int, default=3, help="of ddp")
    asked = parser.parse_args()
    print(f"{left():.0%} of two processors are left by others")
    sys.exit(bool({"rows": rows, "small": small, "predict": predict, "ddp": ddp}[asked.what](asked)))
