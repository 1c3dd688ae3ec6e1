"""Right gradients as people hold them: in no layout is one accused or refused, and a planted mistake is found.

    python -m trials.layouts --count 2000 --seed 0

Each case is a drawn network whose gradients a naive pass computes (``trials.naive``), in float64, in float32,
or in float32 and then kept in double arrays, and holds in one of the layouts of ``trials.held``. Then the same with one
array spoiled, or with a slope left out on the way back. The exit code is 1 where one right array is accused or refused,
or a mistake is not found at its array.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from chainrule import Audit, InputError, audit_gradients
from chainrule.auditing.records import ACCEPTED
from trials.held import LAYOUTS, RATE
from trials.naive import Case, drawn, passed

PRECISIONS = ("float64", "float32", "float32 in float64")


class Told(NamedTuple):
    """What became of a case: ``right``, ``accused``, ``refused``, ``found``, ``missed`` or ``skipped``."""

    layout: str
    outcome: str
    detail: str = ""


def right(name: str, precision: str, seed: int) -> Told:
    """A right set in one layout."""
    rng = np.random.default_rng((7, list(LAYOUTS).index(name), PRECISIONS.index(precision), seed))
    case = passed(drawn(rng, seed % 2 == 1, hard=rng.random() < 0.5), precision)
    what = f"{name}, {precision}, seed {seed}: {case.network}, {case.n} examples"
    if not _is_finite(case):
        return Told(name, "skipped")
    try:
        audit = _audited(case, name)
    except InputError as error:
        return Told(name, "refused", f"{what}: {error}")
    odd = [f"{a.text} {a.verdict}: {a.message}" for a in audit.lines if a.verdict not in ACCEPTED]
    return (
        Told(name, "accused", f"{what}: {odd[0]} [{audit.notes} {audit.conventions}]") if odd else Told(name, "right")
    )


def planted(name: str, precision: str, seed: int) -> Told:
    """A set with one mistake: one array spoiled, or a slope left out."""
    if name == "float16":  # what rounding to half precision explains is no mistake, and that is much
        return Told(name, "skipped")
    rng = np.random.default_rng((8, list(LAYOUTS).index(name), PRECISIONS.index(precision), seed))
    empty = drawn(rng, seed % 2 == 1)
    case, layer = passed(empty, precision), int(rng.integers(1, empty.depth + 1))
    if layer < empty.depth and rng.random() < 0.5:
        wrong, due = passed(empty, precision, left_out=layer), {f"dL/d{s}_{layer}" for s in "aWb"}
        changed = not np.allclose(wrong.db[layer - 1], case.db[layer - 1], 0.1, 1e-3)
        changed &= not np.allclose(wrong.dW[layer - 1], case.dW[layer - 1], 0.1, 1e-3)
    else:
        part = case.dW[layer - 1]
        spoiled = part + np.abs(part).max() * rng.choice((-1, 1), part.shape) * rng.uniform(0.2, 1, part.shape)
        wrong = Case(case.network, case.x, case.y, list(case.dW), case.db, case.dz, case.dh)
        wrong.dW[layer - 1] = spoiled.astype(part.dtype)
        if "dh_1 in columns" in name:  # it has no W
            return Told(name, "skipped")
        due, changed = {f"dL/dW_{layer}"}, bool(np.abs(part).max() > 1e-6)  # more than rounding
    if name.startswith("0.013") and not all(a.any() for a in (*case.dW, *case.db)):
        return Told(name, "skipped")  # of an unknown factor, one array alone says nothing
    if not changed or not _is_finite(wrong) or not _is_finite(case):
        return Told(name, "skipped")
    what = f"{name}, {precision}, seed {seed}: {case.network}, {case.n} examples, planted in layer {layer}"
    try:
        audit = _audited(wrong, name)
    except InputError as error:
        return Told(name, "refused", f"{what}: {error}")
    first = audit.first_wrong
    if first is not None and first.name in due:
        return Told(name, "found")
    lines = [f"{a.text} {a.verdict}" for a in audit.lines if a.verdict not in ACCEPTED]
    return Told(name, "missed", f"{what}, due {due}: {lines} {_read(audit)}")


def _read(audit: Audit) -> str:
    return f"[{'; '.join((*(c.words for c in audit.conventions), *audit.notes))}]"


def _audited(case: Case, name: str) -> Audit:
    rate = RATE if "the rate" in name else None
    return audit_gradients(case.network, case.x, case.y, LAYOUTS[name](case), learning_rate=rate)


def _is_finite(case: Case) -> bool:
    return all(np.isfinite(a).all() and np.abs(a).max() < 1e4 for part in (case.dW, case.dz) for a in part)


def _jobs(count: int, seed: int) -> Iterator[tuple[str, str, int]]:
    names = list(LAYOUTS)
    for number in range(count):
        yield names[number % len(names)], PRECISIONS[(number // len(names)) % 3], seed * 1_000_003 + number


def told(job: tuple[str, str, int]) -> tuple[Told, Told]:
    """The right set and the one with a mistake."""
    with np.errstate(all="ignore"):
        return right(*job), planted(*job)


def main() -> int:
    """Run the trial; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="networks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="layouts whose name has this in it")
    parser.add_argument("--show", type=int, default=10, help="cases that are told that went wrong")
    options = parser.parse_args()
    jobs = [job for job in _jobs(options.count, options.seed) if options.only in job[0]]
    total: Counter[str] = Counter()
    shown = 0
    with ProcessPoolExecutor(options.processes) as pool:
        for pair in pool.map(told, jobs, chunksize=16):
            for one, kind in zip(pair, ("right", "planted"), strict=True):
                total[f"{kind}: {one.outcome}"] += 1
                if one.detail and shown < options.show:
                    shown += 1
                    print(one.detail)
    print(f"{len(jobs)} networks in {len(LAYOUTS)} layouts; {dict(sorted(total.items()))}")
    bad = ("right: accused", "right: refused", "planted: missed", "planted: refused")
    return int(any(total[key] for key in bad))


if __name__ == "__main__":
    sys.exit(main())
