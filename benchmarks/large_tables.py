"""Long and wide tables through ``chainrule train`` and ``predict``: time and memory beside reading alone.

    python benchmarks/large_tables.py
    python benchmarks/large_tables.py --rows 100000 --columns 1000 --steps read,train,predict

Writes a table of many rows (numbers, some of them missing, categories, dates as text; a target of numbers) and one
of many columns (numbers; two classes), each as CSV and as Parquet, into a temporary folder. Each step is a process of
its own: reading alone; training one network for one epoch; the preset fast; predicting all rows with both. Linux only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import shared

WIDE_ROWS = 2000
READ = "import sys; from chainrule.storage import read_table; print(read_table(sys.argv[1], tell=print).num_rows)"
ABOUT = """- The long table has twelve columns (numbers, one with missing cells, two of text with 5 and 200 categories,
a date) and a target of numbers; they give 222 inputs. The wide one has 2,000 rows of numbers and two classes.
- read: `read_table` alone. train: one network, one epoch. fast: the preset. predict: all rows, as CSV.
- Seconds are by the clock, processor those of all threads together; each step is a process of its own, its start and
its imports included. / reading: processor seconds over those of reading alone. Peak: the most memory it held.
- A table is in memory as a whole, and in training so are its inputs as float64 (or --dtype float32); predictions are
made 65,536 rows at a time. `--blocks` and `--cluster` train without holding the rows."""
STEPS = ("read", "train", "predict", "fast", "predict fast")


@dataclass(frozen=True)
class Measured:
    """One process: seconds by the clock and of the processors, and the most memory it held, in megabytes."""

    table: str
    file: str
    megabytes: float
    step: str
    seconds: float
    processor: float
    peak: float


def long_table(rows: int) -> Any:
    """A table of twelve columns and a target of numbers."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 6))
    holes = rng.random(rows) < 0.05
    days = np.datetime64("2015-01-01") + rng.integers(0, 3000, rows)
    colour, city = rng.integers(0, 5, rows), rng.integers(0, 200, rows)
    y = x[:, 0] + np.sin(2 * x[:, 1]) + (colour == 2) + 0.3 * rng.normal(size=rows)
    columns: dict[str, Any] = {f"x{j}": x[:, j].round(4) for j in range(6)}
    columns |= {
        "holes": pa.array(np.where(holes, np.nan, x[:, 2].round(3)), from_pandas=True),
        "count": rng.integers(0, 1000, rows), "price": rng.integers(100, 99_999, rows) / 100,
        "colour": pa.array(["red", "green", "blue", "black", "white"]).take(pa.array(colour)),
        "city": pa.array([f"city {i}" for i in range(200)]).take(pa.array(city)),
        "day": pa.array(np.datetime_as_string(days)), "y": y.round(4),
    }  # fmt: skip
    return pa.table(columns)


def wide_table(columns: int) -> Any:
    """Numbers, and two classes."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    x = rng.normal(size=(WIDE_ROWS, columns)).round(2)
    y = np.where(x[:, :5].sum(axis=1) + rng.normal(size=WIDE_ROWS) > 0, "yes", "no")
    return pa.table({f"c{j}": x[:, j] for j in range(columns)} | {"y": y})


def measured(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Seconds by the clock, of the processors, and megabytes, of a process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.stderr.buffer.write(said)
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def commands(file: str) -> dict[str, list[str]]:
    """The command of each step."""
    train, predict = ([sys.executable, "-m", "chainrule", name] for name in ("train", "predict"))
    return {
        "read": [sys.executable, "-c", READ, file],
        "train": [*train, file, "--target", "y", "--preset", "none", "--epochs", "1", "--out", "one.safetensors"],
        "predict": [*predict, "one.safetensors", file, "--out", "one.csv"],
        "fast": [*train, file, "--target", "y", "--preset", "fast", "--out", "fast.safetensors"],
        "predict fast": [*predict, "fast.safetensors", file, "--out", "fast.csv"],
    }


def measure(rows: int, columns: int, steps: list[str], kinds: list[str]) -> list[Measured]:
    """All steps with both tables."""
    from pyarrow import csv, parquet

    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, made in ((f"{rows:,} rows", lambda: long_table(rows)),
                            (f"{columns:,} columns", lambda: wide_table(columns))):  # fmt: skip
            written = made()
            csv.write_csv(written, folder / "t.csv")
            parquet.write_table(written, folder / "t.parquet")
            del written
            for kind in kinds:
                file = f"t.{kind}"
                size = (folder / file).stat().st_size / 1e6
                for step in steps:
                    shared.say(f"{table}, {kind}: {step}")
                    found.append(Measured(table, kind, size, step, *measured(commands(file)[step], folder)))
    return found


def main() -> None:
    parser = shared.options(__doc__)
    parser.add_argument("--rows", type=shared.at_least(100), default=1_000_000)
    parser.add_argument("--columns", type=shared.at_least(5), default=10_000)
    parser.add_argument("--steps", type=shared.names(STEPS), default=list(STEPS))
    parser.add_argument("--kinds", type=shared.names(("csv", "parquet")), default=["csv", "parquet"])
    given = parser.parse_args()
    where = shared.machine(["numpy", "pyarrow"])
    found = measure(given.rows, given.columns, given.steps, given.kinds)
    where = shared.after(where)
    head = ["table", "file", "MB", "step", "seconds", "processor", "/ reading", "peak MB"]
    alone = {(one.table, one.file): one.processor for one in found if one.step == "read"}
    rows = [
        [one.table, one.file, f"{one.megabytes:.0f}", one.step, f"{one.seconds:.1f}", f"{one.processor:.1f}",
         shared.number(one.processor / alone[one.table, one.file]) if (one.table, one.file) in alone else "-",
         f"{one.peak:,.0f}"] for one in found
    ]  # fmt: skip
    text = f"# Long and wide tables\n\n{shared.told(where)}\n\n{shared.markdown(head, rows)}\n\n{ABOUT}\n"
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "large-tables.md").write_text(text, encoding="utf-8")
    print(json.dumps({"where": where, "found": [asdict(one) for one in found]}) if given.json else text)


if __name__ == "__main__":
    shared.run(main)
