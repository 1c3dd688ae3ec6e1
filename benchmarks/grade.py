"""How long ``chainrule grade`` takes for 1,000 submissions of a 3-3-2 exercise, and ``chainrule audit`` for one sheet.

Half of the submissions are right, the others have one mistake each, of every kind that would show (fixed seed). Times
are of the whole command, from the shell: the median of several runs.

``python benchmarks/grade.py [--sheets 1000] [--runs 3] [--processes 2] [--folder KEEP]``
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from chainrule.auditing.mistakes import applicable
from chainrule.teaching.exercise import exercise

SEED = 7
RIGHT = 0.5  # of the submissions


def submissions(folder: Path, count: int) -> int:
    """Write the key and the submissions of one exercise; gives the number of mistakes that come up in them."""
    folder.mkdir(parents=True, exist_ok=True)
    e = exercise((3, 3, 2), seed=SEED)
    (folder / "key.md").write_text(e.key, encoding="utf-8")
    right = e.filled()
    sheets = (e.filled([mistake.at(layer)]) for mistake, layer in applicable(e.problem))
    wrong = [sheet for sheet in sheets if sheet != right]
    rng = np.random.default_rng(SEED)
    for n in range(count):
        text = right if rng.random() < RIGHT else wrong[rng.integers(len(wrong))]
        (folder / f"student-{n:04d}.md").write_text(text, encoding="utf-8")
    return len(wrong)


def seconds(arguments: list[str], runs: int) -> list[float]:
    """How long a command takes, each time."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "chainrule", *arguments], stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
        if done.returncode > 1:
            raise SystemExit(done.returncode)
    return times


def row(what: str, times: list[float], bar: float) -> str:
    middle = statistics.median(times)
    return f"| {what} | {middle:.2f} | {min(times):.2f} | {max(times):.2f} | {len(times)} | {bar:g} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheets", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = a.folder or Path(place)
        mistakes = submissions(folder / "in", a.sheets)
        e = exercise((3, 3, 2), seed=SEED)
        one = {"a right sheet": e.filled(), "a sheet with a mistake": e.filled([_first_mistake(e)])}
        print(f"{a.sheets} submissions of a 3-3-2 exercise, half of them right, {mistakes} mistakes in the others;")
        print(f"{a.processes} processes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n")
        print("| what | median s | least | most | runs | bar s |\n|---|---|---|---|---|---|")
        arguments = ["grade", str(folder / "in"), "--out", str(folder / "out"), "--processes", str(a.processes)]
        print(row(f"grade {a.sheets} sheets", seconds(arguments, a.runs), 60), flush=True)
        for what, text in one.items():
            sheet = folder / "one.md"
            sheet.write_text(text, encoding="utf-8")
            print(row(f"audit {what}", seconds(["audit", str(sheet)], 3 * a.runs), 1), flush=True)


def _first_mistake(e):
    """The derivative of the hidden activation, forgotten."""
    return next(m.at(layer) for m, layer in applicable(e.problem) if m.id == "hidden_derivative_missing")


if __name__ == "__main__":
    main()
