"""Tests of the tests: random changes of the source, each of which some test of its package should notice.

    python -m trials.mutants --seed 0 --count 300 --json trials/mutants/seed-0.json --resume
    python -m trials.mutants --package formula --count 60
    python -m trials.mutants --list

The tests run in a copy of the tree, package by package: once without a mutation; then each mutant runs those tests of
its package that run the changed line, fastest first, until one fails. A run that takes several times as long as its
tests is stopped, and counts as killed. Survivors are compared with ``equal.toml``: those that no test can
kill, each with the reason. ``seed-0.json`` has what the first line above found last. The exit code is 1 where fewer
than 92 of 100 are killed (those of the list are not counted), where a survivor is not on the list, and where one of the
list is killed; 2 where the tests fail without a mutation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, TypeVar

from trials.mutants.draw import Mutant, mutants_of, sample
from trials.mutants.runs import KILLED, Measure, Project, Refused, Result, Tree

J = TypeVar("J")
R = TypeVar("R")
ROOT = Path(__file__).parents[2]
EQUAL, LIST = Path(__file__).with_name("equal.toml"), Path(__file__).with_name("seed-0.json")
BAR = 0.92  # of the mutants that are not argued equal
#: what is only shown, and the looks of pages and plots
LEFT_OUT = (
    "__main__.py", "cli/", "render/look.py", "render/charts.py", "render/plots.py",
    "render/training_plots.py", "auditing/report/wording.py",
)  # fmt: skip


def _files(folder: str, *left_out: str) -> tuple[str, ...]:
    """The files of tests in a folder, but for some."""
    files = sorted((ROOT / "tests" / folder).glob("test_*.py"))
    return tuple(str(p.relative_to(ROOT)) for p in files if p.stem.removeprefix("test_") not in left_out)


#: where the tests of a package are, if not in the folder of its name alone; of the auditor not those of its limits,
#: which take minutes
TESTS = {
    "auditing": (*_files("auditing", "strangers"), "tests/teaching"),
    "formula": ("tests/formula", "tests/sheets", "tests/explanation"),
    "distributed": (*_files("distributed", "faults"), "tests/cli/test_cluster.py"),
    "gradcheck": ("tests/gradcheck", "tests/explanation"),
    "render": ("tests/render", "tests/explanation"),
    "sheets": ("tests/sheets", "tests/auditing/test_given_names.py"),
    "tables": ("tests/tables", "tests/cli/test_train.py", "tests/cli/test_train_cross_validation.py"),
    "train": ("tests/train", "tests/estimators"),
    "view": _files("view", "bundle"),
    "__init__.py": ("tests/network",),
    "errors.py": ("tests/network",),
}


def project() -> Project:
    """This one."""
    source = ROOT / "src/chainrule"
    names = {p.parent.name for p in source.glob("*/*.py")} | set(TESTS)
    places = {name: TESTS.get(name, (f"tests/{name}",)) for name in names}
    return Project(ROOT, "chainrule", {k: [p for p in v if (ROOT / p).exists()] for k, v in places.items()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, run, compare."""
    parser = argparse.ArgumentParser(prog="python -m trials.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--package", action="append", help="only this one; may be given again")
    parser.add_argument("--only", action="append", help="of those drawn, whose name has this in it; may be given again")
    parser.add_argument("--tests", action="append", help="run these alone, as a file of new tests; may be given again")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the mutants that are drawn, and run nothing")
    parser.add_argument("--json", type=Path, help="write what became of each, as soon as it is known")
    parser.add_argument(
        "--resume", action="store_true", help="what --json has as killed, or argued equal, is not run again"
    )
    parser.add_argument("--most", type=float, default=math.inf, help="seconds of tests for a mutant: the fastest ones")
    parser.add_argument("--measures", type=Path, help="keep in this folder what the tests run, while nothing changes")
    a = parser.parse_args(arguments)
    here = project()
    modules = [str(p.relative_to(here.source)) for p in sorted(here.source.rglob("*.py"))]
    modules = [m for m in modules if not m.startswith(LEFT_OUT) and (not a.package or _part(m) in a.package)]
    drawn = sample((m for module in modules for m in mutants_of(here.source, module)), a.seed, a.count)
    drawn = [m for m in drawn if any(part in m.name for part in a.only or [""])]
    if a.list:
        print(*(m.name for m in drawn), sep="\n")
        return 0
    if a.tests:
        here = replace(here, tests=dict.fromkeys(here.tests, a.tests))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    entries = equal()
    before = earlier(a.json, drawn, entries) if a.resume and a.json.exists() else []
    results = {id(r.mutant): r for r in before}
    try:
        for result in judged(here, [m for m in drawn if id(m) not in results], a.jobs, a.measures, a.most):
            results[id(result.mutant)] = result
            if a.json:
                a.json.write_text(listed(results[id(m)] for m in drawn if id(m) in results))
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 2
    return verdict(results.values(), entries)


def _part(module: str) -> str:
    return module.partition("/")[0]


@dataclass(frozen=True)
class Equal:
    """A mutant that no test can kill; ``before`` and ``after`` are the changed part of its line, or all of it."""

    module: str
    function: str
    before: str
    after: str
    reason: str

    def names(self, mutant: Mutant) -> bool:
        """Whether it is this one."""
        if (self.module, self.function) != (mutant.module, mutant.function):
            return False
        pieces = mutant.before.split(self.before)
        changed = (
            self.before.join(pieces[:i]) + self.after + self.before.join(pieces[i:]) for i in range(1, len(pieces))
        )
        return mutant.after in changed


def equal() -> list[Equal]:
    """Those of the list."""
    return [Equal(**entry) for entry in tomllib.loads(EQUAL.read_text()).get("equal", [])]


def earlier(file: Path, drawn: Sequence[Mutant], argued: Sequence[Equal] = ()) -> list[Result]:
    """Those of the mutants that were killed in an earlier run, as its file says, or survived and are argued equal.

    Of mutants with one key as many as it has.
    """
    kept = {mutant.key for mutant in drawn if any(entry.names(mutant) for entry in argued)}
    left: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for found in json.loads(file.read_text()):
        key = (found["module"], found["function"], found["before"], found["after"])
        if found["what"] in KILLED or key in kept:
            left.setdefault(key, []).append(found)
    results = []
    for mutant in drawn:
        if left.get(mutant.key):
            found = left[mutant.key].pop()
            results.append(Result(mutant, found["what"], found["by"], found["tests"], found["seconds"]))
    return results


def judged(
    here: Project, drawn: Sequence[Mutant], jobs: int, measures: Path | None = None, most: float = math.inf
) -> Iterator[Result]:
    """What becomes of each mutant, in the order in which it is known; nothing is left behind, whatever happens.

    Args:
        measures: a folder to keep in what the tests run, while neither they nor the source change.
        most: seconds that the tests of a mutant may take without it: the fastest are run.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        trees = []
        for i in range(jobs):
            (folder / str(i)).mkdir()
            tree = Tree(here, folder / str(i))
            stack.callback(tree.close)
            trees.append(tree)
        measured: dict[str, Measure] = {}

        def one(tree: Tree, mutant: Mutant) -> Result:
            seconds: dict[str, float] = {}
            for place in here.tests.get(_part(mutant.module), ()):
                found = measured[place].tests(f"{here.package}/{mutant.module}", mutant)
                seconds |= {t: measured[place].seconds[t] for t in found}
            tests = sorted(seconds, key=lambda t: (seconds[t], t))
            sums = list(accumulate(seconds[t] for t in tests))
            tests = [t for t, total in zip(tests, sums, strict=True) if total <= max(most, sums[0])]
            return tree.judge(mutant, tests, sum(seconds[t] for t in tests))

        def each() -> Iterator[Result]:
            for part, mutants in groupby(drawn, lambda m: _part(m.module)):
                places = [place for place in here.tests.get(part, ()) if place not in measured]
                for place, found in spread(trees, places, lambda tree, place: (place, _measure(tree, place, measures))):
                    measured[place], taken = found, sum(found.seconds.values())
                    print(f"measured {place}: {len(found.seconds)} tests, {taken:.0f} s", flush=True)
                yield from spread(trees, list(mutants), one)

        start = time.monotonic()
        for i, result in enumerate(each(), 1):
            how = f"{result.by or f'{result.tests} tests'}, {result.seconds:.1f} s"
            left = (time.monotonic() - start) / i * (len(drawn) - i)
            print(
                f"[{i}/{len(drawn)}, {left / 60:.0f} min left] {result.what:9} {result.mutant.name}  ({how})",
                flush=True,
            )
            yield result


def spread(trees: Sequence[Tree], jobs: Sequence[J], work: Callable[[Tree, J], R]) -> Iterator[R]:
    """Do the jobs in the trees, each in the next that is free."""
    waiting: queue.SimpleQueue[J] = queue.SimpleQueue()
    done: queue.SimpleQueue[R | BaseException] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)

    def go(tree: Tree) -> None:
        try:
            while True:
                done.put(work(tree, waiting.get_nowait()))
        except queue.Empty:
            pass
        except BaseException as error:
            done.put(error)

    for tree in trees:
        threading.Thread(target=go, args=(tree,), daemon=True).start()
    for _ in jobs:
        found = done.get()
        if isinstance(found, BaseException):
            raise found
        yield found


def _measure(tree: Tree, place: str, kept: Path | None) -> Measure:
    """What the tests of a place do; from the folder of what is kept, if the source and those tests are the same."""
    if kept is None:
        return tree.measure([place])
    root = tree.project.root
    tests = [
        root / place,
        *(root / place).rglob("*.py"),
        root / "tests/conftest.py",
        *(root / "tests/support").glob("*.py"),
    ]
    files = sorted(path for path in (*tree.project.source.rglob("*.py"), *tests) if path.is_file())
    digest = hashlib.sha256(b"\0".join(p.read_bytes() for p in files)).hexdigest()
    file = kept / f"{place.replace('/', '-')}.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    if found.get("digest") == digest:
        lines = {path: {int(n): tests for n, tests in by_line.items()} for path, by_line in found["lines"].items()}
        return Measure(found["seconds"], lines)
    measure = tree.measure([place])
    kept.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"digest": digest, "seconds": measure.seconds, "lines": measure.lines}))
    return measure


def listed(results: Iterable[Result]) -> str:
    """What became of each mutant, as JSON with a line for each."""
    return "[\n" + ",\n".join(json.dumps(_plain(r), ensure_ascii=False) for r in results) + "\n]\n"


def _plain(result: Result) -> dict[str, object]:
    m = result.mutant
    where = {"module": m.module, "function": m.function, "line": m.at, "before": m.before, "after": m.after}
    return where | {"what": result.what, "by": result.by, "tests": result.tests, "seconds": round(result.seconds, 1)}


def verdict(results: Iterable[Result], entries: Sequence[Equal]) -> int:
    """Print the count and the survivors; 0 if enough are killed, and every survivor is argued equal."""
    results = list(results)
    killed = [r for r in results if r.killed]
    argued = {id(r) for r in results if any(entry.names(r.mutant) for entry in entries)}
    wrong = [r for r in killed if id(r) in argued]
    left = [r for r in results if not r.killed and id(r) not in argued]
    counted = len(results) - len(argued)
    share = (len(killed) - len(wrong)) / max(counted, 1)
    for r in left:
        print(f"survivor: {r.mutant.name}\n    in {r.mutant.function or 'the module'}, {r.what}, {r.tests} tests")
    for r in wrong:
        print(f"argued equal, but killed by {r.by}: {r.mutant.name}")
    timeouts = sum(r.what == "timeout" for r in killed)
    cpu = sum(r.seconds for r in results)
    print(
        f"{len(results)} mutants: {len(killed)} killed ({timeouts} by the time limit), {len(left)} survived, "
        f"{len(results) - len(killed) - len(left)} argued equal; {share:.1%} of {counted} killed; "
        f"{cpu:.0f} s of processor time, {cpu / max(len(results), 1):.1f} s each"
    )
    return int(share < BAR or bool(left) or bool(wrong))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
