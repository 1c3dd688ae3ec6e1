"""A table larger than the process's memory: peak memory, and rows a second against rows held in memory.

    python benchmarks/larger_than_memory.py
    python benchmarks/larger_than_memory.py --rows 1000000 --network tiny

Writes a table of random numbers as two .npy files and as Parquet into a temporary folder, trains an epoch from
each in a process of its own, and an epoch from a part of the same rows held in memory. "Larger than memory" is by the
peak of the process; the files are warm in the system's cache, so the disk is not measured. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

WIDTH = 50
NETWORKS = {"tabular": (256, 256, 256), "small": (64, 64), "tiny": (16,)}
GROUP = 20_000  # rows of a Parquet row group

WORKER = """
import json, sys, time
import numpy as np
import chainrule as cr
from chainrule.tables.chunks import NpyChunks, ParquetChunks
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.recipe import Recipe
from chainrule.tables.blocks import open_large

def peak():
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

folder, kind, hidden, width = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
net = cr.Network.random((width, *hidden, 5), "relu", seed=0, dtype="float32")
recipe = Recipe(batch_size=256)
if kind == "memory":
    x = np.load(folder + "/x.npy", mmap_mode="r")[:200_000].copy()
    rows = Rows(np.ascontiguousarray(x), np.load(folder + "/y.npy", mmap_mode="r")[:200_000].astype(np.int64))
else:
    npy = kind == "npy"
    chunks = NpyChunks(folder + "/x.npy", folder + "/y.npy") if npy else ParquetChunks(folder + "/t.parquet", "y")
    rows = open_large(chunks, "y").train
fit(net, Rows(np.zeros((512, width), np.float32), np.zeros(512, np.int64)), recipe, epochs=1)  # loads all
start = time.perf_counter()
fit(net, rows, recipe, epochs=1)
print(json.dumps({"rows_per_second": len(rows) / (time.perf_counter() - start), "peak": peak()}))
"""


def write(folder: Path, rows: int) -> int:
    """The table as .npy and as Parquet; its size in bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, WIDTH))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", np.int8, (rows,))
    schema = pa.schema([(f"x_{j + 1}", pa.float32()) for j in range(WIDTH)] + [("y", pa.int8())])
    with parquet.ParquetWriter(folder / "t.parquet", schema, compression="none", use_dictionary=False) as file:
        for first in range(0, rows, GROUP):
            last = min(first + GROUP, rows)
            part = rng.normal(size=(last - first, WIDTH)).astype(np.float32)
            labels = (part[:, :5].argmax(axis=1)).astype(np.int8)
            x[first:last], y[first:last] = part, labels
            columns = {f"x_{j + 1}": part[:, j] for j in range(WIDTH)} | {"y": labels}
            file.write_table(pa.table(columns, schema=schema))
    x.flush()
    y.flush()
    return (folder / "x.npy").stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help=f"of {WIDTH} float32 each")
    parser.add_argument("--network", choices=NETWORKS, default="tabular")
    parser.add_argument("--folder", help="where the table is written; usually the system's temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        size = write(Path(name), options.rows)
        print(f"a table of {options.rows} rows, {size / 1e6:.0f} MB; network {WIDTH}-{NETWORKS[options.network]}-5")
        found = {}
        for kind in ("memory", "npy", "parquet"):
            command = [sys.executable, "-c", WORKER, name, kind, json.dumps(NETWORKS[options.network]), str(WIDTH)]
            found[kind] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            rate = found[kind]["rows_per_second"]
            line = f"{kind:8} {rate:12,.0f} rows/s  {rate / found['memory']['rows_per_second']:.2f} of memory"
            print(
                line
                + f"   peak {found[kind]['peak'] / 1e6:.0f} MB, the table is {size / found[kind]['peak']:.1f} times it"
            )


if __name__ == "__main__":
    main()
