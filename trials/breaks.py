"""Guarded things broken one at a time, each in a copy of the tree: which test notices.

    python -m trials.breaks
    python -m trials.breaks --only native --only barrier

Prints a line for each: what was broken, and the first test that failed. Exits with 1 where nothing noticed, with 2
where the text to be changed is no longer there. The tests run as in CI, with its samples.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)


@dataclass(frozen=True)
class Break:
    """One thing broken.

    Attributes:
        name: short; ``file``: below ``src/chainrule``, in which ``old`` becomes ``new``, once.
        tests: of the package that guards it.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str


BREAKS = (
    Break(
        "an equation: the gradient of a hidden layer by a row of W for its column",
        "network/equations.py",
        "grad: Array = grad_A @ W\n",
        "grad: Array = grad_A @ W[:, ::-1]\n",
        "tests/network",
    ),
    Break(
        "a loss: the slope of Huber's beyond 1",
        "network/losses.py",
        "np.clip(e, -HUBER_DELTA, HUBER_DELTA)",
        "np.clip(e, -2 * HUBER_DELTA, HUBER_DELTA)",
        "tests/network",
    ),
    Break(
        "native code: the sign of sigmoid's slope",
        "native/activations.h",
        "slopes[i] = e * share * share;",
        "slopes[i] = -e * share * share;",
        "tests/train/test_native.py",
    ),
    Break(
        "a barrier: threads do not wait for each other",
        "native/threads.h",
        "if (threads == 1) return;",
        "if (threads >= 1) return;",
        "tests/train/test_native.py",
    ),
    Break(
        "a mistake's formula: the activation of the layer itself for that before it",
        "auditing/mistakes/parameters.py",
        'lambda r, q: get(r, q, "da").T @ get(r, q, "a", -1)',
        'lambda r, q: get(r, q, "da").T @ get(r, q, "h", -1)',
        "tests/auditing/test_mistakes.py tests/auditing/test_trials.py",
    ),
    Break(
        "an interval: the difference of two is too narrow",
        "auditing/model/interval.py",
        "return Interval(-self.high, -self.low)",
        "return Interval(-self.high, -self.high)",
        "tests/auditing/test_interval.py",
    ),
    Break(
        "an atomic write: straight into the file",
        "system/files.py",
        "        os.replace(part, target)",
        "        target.write_bytes(content)",
        "tests/render tests/system tests/train/test_loop.py",
    ),
    Break(
        "a Host check: any host may ask the page's server",
        "view/guard.py",
        "hosts[0].lower() not in self.hosts",
        "not hosts[0]",
        "tests/view/test_server.py",
    ),
    Break(
        "an escape: what a sheet says is HTML",
        "render/writers/html.py",
        "        return escape(visible(words))",
        "        return visible(words)",
        "tests/render tests/auditing/test_report.py",
    ),
    Break(
        "a leak: scales are learnt from the test rows too",
        "tables/summary.py",
        "ColumnSummary.of(name, table.column(name), train).column()",
        "ColumnSummary.of(name, table.column(name), np.arange(table.num_rows)).column()",
        "tests/tables tests/storage",
    ),
    Break(
        "a checkpoint: one of another training is taken",
        "train/checkpoints.py",
        "        if was.get(name) != value:",
        "        if was.get(name) is None:",
        "tests/train/test_loop.py tests/cli/test_train_checkpoints.py",
    ),
    Break(
        "a sum on a cluster: one partition counted twice, another not",
        "distributed/work.py",
        "zip(sums[::2], sums[1::2], strict=False)",
        "zip(sums[::2], sums[::2], strict=False)",
        "tests/distributed/test_fit.py",
    ),
    Break(
        "a gradient check: the error that is told is absolute",
        "gradcheck/check.py",
        "np.where((size > 0) & (gap > slack), gap / size, 0.0)",
        "np.where((size > 0) & (gap > slack), gap, 0.0)",
        "tests/gradcheck",
    ),
    Break(
        "a gradient check: an absolute tolerance",
        "gradcheck/check.py",
        "wrong = ~(gap <= self.tolerance * size + slack) & ~crossed",
        "wrong = ~(gap <= self.tolerance + slack) & ~crossed",
        "tests/gradcheck",
    ),
    Break(
        "divergence: a loss that is no longer finite goes on",
        "train/plain.py",
        "if part.failed is not None or not np.isfinite(self.theta).all():",
        "if part.failed is not None and not np.isfinite(self.theta).all():",
        "tests/train/test_epochs.py",
    ),
    Break(
        "many epochs: each takes the rows in the order of the first",
        "native/library.cpp",
        "std::uint64_t(r.first_epoch + epoch)",
        "std::uint64_t(r.first_epoch)",
        "tests/train/test_epochs.py",
    ),
    Break(
        "a chance: what was tried for a diagnosis is not counted",
        "auditing/diagnosis/chance.py",
        "            self.count += tries\n",
        "            self.count += 0\n",
        "tests/auditing/test_causes.py tests/auditing/test_trials.py",
    ),
    Break(
        "a guard: lines of a sheet without a header are wrong whatever bears the reading out",
        "auditing/marking/evidence.py",
        'found.append(replace(mark, verdict="undecided", why=why) if why else mark)',
        "found.append(mark)",
        "tests/auditing/test_right_sheets.py tests/auditing/test_witnesses.py",
    ),
    Break(
        "an operand: numbers of a sum stand for its terms in one order alone",
        "auditing/marking/aligned.py",
        "permutations(over) if len(over) <= MOST_ORDERS else [tuple(over)]",
        "[tuple(over)]",
        "tests/auditing/test_operands.py tests/auditing/test_slips.py",
    ),
    Break(
        "a convention: the scale of a loss is never looked for",
        "auditing/marking/conventions.py",
        "while cost(best) >= 1 and len(held) < MOST:",
        "while cost(best) >= 99 and len(held) < MOST:",
        "tests/auditing/test_conventions.py tests/auditing/test_trials.py",
    ),
    Break(
        "a layout: weights of in x out are given as out x in",
        "gradcheck/code/values.py",
        'np.array(W.T if self.layout.in_out else W, order="C")',
        'np.array(W, order="C")',
        "tests/gradcheck tests/auditing/test_code_styles.py",
    ),
    Break(
        "factors: a change of two is never told from an accident",
        "auditing/diagnosis/by_factors.py",
        "CHANCE = 1e-7",
        "CHANCE = 0.0",
        "tests/auditing/test_factors.py tests/auditing/test_solved_bugs.py",
    ),
    Break(
        "a path: its derivatives are summed",
        "explanation/paths.py",
        "float(np.prod(factors))",
        "float(np.sum(factors))",
        "tests/explanation",
    ),
    Break(
        "a limit: a worksheet may have any length",
        "sheets/lines.py",
        "LARGEST = 1_000_000",
        "LARGEST = 1_000_000_000",
        "tests/sheets tests/auditing/test_strangers.py tests/cli/test_bad_input.py",
    ),
)


def broken_tree(folder: Path, one: Break) -> None:
    """A copy of the tree with one thing broken; where that is of the native library, the library is built of it.

    Raises:
        ValueError: the text is not there, or more than once.
    """
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    place = folder / "src" / "chainrule" / one.file
    text = place.read_text(encoding="utf-8")
    if text.count(one.old) != 1:
        raise ValueError(f"{one.file}: expected the text to be changed once; got it {text.count(one.old)} times")
    place.write_text(text.replace(one.old, one.new), encoding="utf-8")
    if one.file.startswith("native/"):
        command = [sys.executable, "tools/native.py"]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    else:  # git does not list it
        for built in (ROOT / "src/chainrule/native").glob("_engine.*"):
            shutil.copy(built, folder / "src/chainrule/native")


def noticed_by(one: Break) -> tuple[str, float]:
    """The first test that fails, "" for none; and the seconds until then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broken_tree(folder, one)
        environment = os.environ | {"CI": "1", "PYTHONPATH": str(folder / "src")}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", *one.tests.split()]
        begin = time.monotonic()
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
        found = FAILED.search(ran.stdout)
        if ran.returncode not in (0, 1, 2) or (ran.returncode and not found):
            raise RuntimeError(f"the tests did not run:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return found[1] if found else "", time.monotonic() - begin


def main() -> int:
    """Break each; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], help="only those whose name begins so, or after 'a '")
    asked = parser.parse_args()
    missed = 0
    for one in BREAKS:
        if asked.only and not any(re.sub(r"^an? ", "", one.name).startswith(word) for word in asked.only):
            continue
        try:
            test, seconds = noticed_by(one)
        except ValueError as error:
            print(f"{one.name}: {error}", file=sys.stderr)
            return 2
        missed += not test
        print(f"{one.name}: {test or 'NOTHING NOTICED'} ({seconds:.0f} s)", flush=True)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
