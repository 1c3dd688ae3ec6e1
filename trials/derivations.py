"""Right derivations as people write them: other names, other numbering, LaTeX and plain, tables, tuples, update forms.

    python -m trials.derivations --count 2000 --seed 0

Each is a drawn network's whole derivation, written in one author's names and one form, or with arrays in one form and
new values in another. None of its lines is wrong, so none may be called wrong or be said to follow from a wrong one; at
most two of a hundred may be unreadable. The exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from chainrule.auditing.audit import audit_text
from tests.support import author_names as authors
from tests.support import written as forms

UNREADABLE = 0.02
_RATIO = re.compile(r"d([^\s*/]+)/d([^\s*]+)")


def sheet(seed: int) -> tuple[str, str, int]:
    """(how it is written, its text, how many claims it has) of one right derivation."""
    rng = np.random.default_rng(seed)
    sizes = (int(rng.integers(2, 4)), int(rng.integers(2, 4)), int(rng.integers(1, 4)))
    style = str(rng.choice(list(authors.AUTHORS)))
    network, x, y, header = authors.drawn(sizes, seed)
    lines = [text for _, text in authors.claims(authors.AUTHORS[style](sizes), network, x, y)]
    latex = bool(rng.random() < 0.5)
    table = forms.LATEX_LINES if latex else forms.PLAIN_LINES
    form = str(rng.choice(list(table)))
    written = [table[form](_parts(line, latex)) for line in lines]
    return f"{style}, {form}", header + "\n\n".join(written) + "\n", len(lines)


def _parts(line: str, latex: bool) -> list[str]:
    if latex:
        line = _RATIO.sub(lambda m: rf"\frac{{\partial {m[1]}}}{{\partial {m[2]}}}", line).replace("*", r" \cdot ")
        line = line.replace("sigmoid(", r"\sigma(").replace("←", r"\leftarrow")
    if "←" in line or r"\leftarrow" in line:
        return [part.strip() for part in line.rpartition(" = ")[::2]]
    return [part.strip() for part in line.split(" = ")]


def marked(seed: int) -> tuple[str, int, Counter[str], str]:
    """How a sheet is written, its claims, the verdicts of its lines, and the first that is not right."""
    how, text, count = sheet(seed)
    lines = audit_text(text).lines
    odd = next((f"{a.text} [{a.verdict}] {a.message}" for a in lines if a.verdict not in forms.RIGHT), "")
    return how, count, Counter(a.verdict for a in lines), odd


def drawn(count: int, seed: int, processes: int | None) -> Iterator[tuple[str, int, Counter[str], str]]:
    """The marks of so many sheets."""
    seeds = [seed * 1_000_003 + i for i in range(count)]
    if processes == 1:
        yield from map(marked, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(marked, seeds, chunksize=8)


def main() -> int:
    """Run the trial; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="sheets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--show", type=int, default=10, help="lines that are told that are not right")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    claims = shown = 0
    for number, (how, count, verdicts, odd) in enumerate(drawn(options.count, options.seed, options.processes), 1):
        total += verdicts
        claims += count
        if odd and shown < options.show:
            shown += 1
            print(f"{how}: {odd}"[:300])
        if sys.stderr.isatty():
            print(f"\r{number} of {options.count}", end="", file=sys.stderr)
    accused = total["wrong"] + total["follows"]
    read = sum(total.values()) - total["unreadable"]
    lost = max(0, claims - sum(total.values())) + total["unreadable"]
    told = f"{claims} claims, {read} read ({lost / claims:.2%} not), {accused} accused"
    print(f"{options.count} sheets, {told}; {dict(total)}")
    return int(accused > 0 or lost > UNREADABLE * claims)


if __name__ == "__main__":
    sys.exit(main())
