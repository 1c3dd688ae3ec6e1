"""Write ``docs/auditing.md`` and ``docs/published/*`` anew: every published worked example with its audit.

``python tools/gallery.py``; the tests hold that the files are what this writes.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path

from chainrule.auditing.audit import audit
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.document import Audit

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "examples" / "published"
#: what a verdict may be for each class of the collection
AGREES = {
    "rounded": ACCEPTED,
    "last_digit": ACCEPTED,
    "truncated": ACCEPTED,
    "follow_through": ("follows", "rounded"),
    "wrong": ("wrong",),
    "wrong_reproduced": ("wrong", "follows"),
}
#: (id, value) -> why the verdict here is another than that of the collection
ARGUED = {
    ("relu_homework_2_2_1", "sigmoid_yhat_1"): (
        "0.6086 is what 0.608654 begins with: cut after four digits it is right. The collection calls it wrong because "
        "the page rounds everywhere else. One number cannot tell which it was."
    ),
    ("geeksforgeeks_2_2_1", "h1_2_after"): (
        "The page's own new weights, 0.273225 and 0.18534, give sigma(0.35*0.273225 + 0.7*0.18534) = 0.5561, which is "
        "0.56: it follows from them, wrong as they are. The collection holds that no weights of the page give it."
    ),
    ("geeksforgeeks_2_2_1", "neg_dL_dW2_1_2"): (
        "-0.022184 is -0.0376 * 0.59, but h_12 is printed as 0.578 three lines above. The collection counts the line as "
        "following from 0.59; here the operand is a slip of copying, and what comes after it follows."
    ),
}
INTRO = """# Auditing a derivation

`chainrule audit FILE` reads a worksheet line by line. Each line is computed twice: from the header's numbers, and from the
author's own earlier lines, as exactly as their digits allow. So a line is

| verdict | meaning |
|---|---|
| right | equal to what is due |
| rounded | right to the digits given; also where rounded earlier lines move the last digits, or the last digit is one off |
| truncated | right, the digits cut instead of rounded |
| follows | wrong, but what the author's own earlier lines give: no new mistake |
| wrong | neither; the mistakes that reproduce it are named, best first |
| undecided | more than one reading fits, or a carried 0 has made the line trivial |
| unreadable | it cannot be read; the message has line and column |

A formula is judged apart from the number behind it, at the header's numbers and at other ones. A convention that the whole
sheet holds (no 1/2 in the loss, the mean for the sum, δ = -dL/da, W_ij from i to j, row vectors, another base of the
logarithm, biases that stay as they are) is reported and is not a mistake. Evidence for one is more than one line: where a
single line would be right under a convention, it is undecided. Where one changed entry of the header would give the first
lines, the entry is named.

In Python: `r = cr.audit("sheet.md")`, then `r.lines`, `r.first_wrong`, `r.conventions`, `r.score`; and for the arrays of somebody's
code `cr.audit_gradients(net, x, y, {"dL/dW_1": array, …})`.
"""


@functools.cache
def sheets() -> dict[str, Audit]:
    """Every published sheet with its audit."""
    paths = sorted(PUBLISHED.glob("*.md"))
    return {path.name: audit(path.relative_to(ROOT)) for path in paths}


def summary(audits: dict[str, Audit]) -> str:
    """One row a sheet."""
    rows = ["| sheet | lines | right | follow | wrong | undecided | mistakes named |", "|---|---|---|---|---|---|---|"]
    for name, a in audits.items():
        counts = Counter("right" if line.verdict in ACCEPTED else line.verdict for line in a.lines)
        named = Counter(line.mistakes[0] for line in a.lines if line.mistakes)
        words = ", ".join(f"{id}{f' ({n})' if n > 1 else ''}" for id, n in named.items())
        words += f"{'; ' if words else ''}{a.contradictions[0].name} contradicts the lines" if a.contradictions else ""
        numbers = " | ".join(str(counts[key]) for key in ("right", "follows", "wrong", "undecided"))
        link = f"[{name}](published/{name})"
        rows.append(f"| {link} | {len(a.lines)} | {numbers} | {words} |")
    return "\n".join(rows)


def agreement(audits: dict[str, Audit]) -> str:
    """How the verdicts compare with those of the collection of published values."""
    data = {e["id"]: e for e in json.loads((ROOT / "tests/data/published.json").read_text(encoding="utf-8"))}
    table: Counter[tuple[str, str]] = Counter()
    off = []
    for name, sheet in json.loads((PUBLISHED / "values.json").read_text(encoding="utf-8")).items():
        lines = {line.number: line for line in audits[name].lines}
        for key, number in sheet["lines"].items():
            check, line = data[sheet["id"]]["check"][key], lines[number]
            table[check, line.verdict] += 1
            if line.verdict not in AGREES[check]:
                off.append((sheet["id"], key, name, line, check))
    total = sum(table.values())
    rows = ["| in the collection | verdict here | values |", "|---|---|---|"]
    rows += [f"| {check} | {verdict} | {count} |" for (check, verdict), count in sorted(table.items())]
    said = [
        f"The collection has a class for each of {total} printed values. {total - len(off)} verdicts agree with it. Rounding "
        "drift and a last digit that is one off count as rounded here; a value of the class wrong_reproduced that follows "
        "from an earlier line is said to follow, and that line has the mistake.",
        "\n".join(rows),
        f"The {len(off)} that differ:",
    ]
    for id, key, name, line, check in off:
        said.append(
            f"- **{name}, line {line.number}**, `{line.text}`: {check} there, {line.verdict} here. {ARGUED[id, key]}"
        )
    return "\n\n".join(said)


def mistakes() -> str:
    """The table of mistakes, one row an id."""
    rows = ["| id | what was done |", "|---|---|"]
    seen = set()
    for m in MISTAKES:
        if m.id not in seen:
            seen.add(m.id)
            rows.append(f"| `{m.id}` | {m.says()} |")
    return "\n".join(rows)


def written() -> dict[Path, str]:
    """Every file this writes, with its text."""
    audits = sheets()
    files = {}
    for name, a in audits.items():
        sheet = (PUBLISHED / name).read_text(encoding="utf-8").rstrip()
        files[ROOT / "docs" / "published" / name] = (
            f"<!-- made by tools/gallery.py from examples/published/{name} -->\n\n{a.to_markdown().rstrip()}\n\n"
            f"## The sheet\n\n````text\n{sheet}\n````\n"
        )
    files[ROOT / "docs" / "auditing.md"] = "\n".join(
        [
            INTRO,
            "## Published worked examples",
            "",
            "Nine examples from the web and the lecture notes' own (003), as worksheets in `examples/published/`, each with its audit.",
            "",
            summary(audits),
            "",
            "## The verdicts beside those of a collection",
            "",
            agreement(audits),
            "",
            "## The table of mistakes",
            "",
            "Each is one wrong equation, tried at every layer at which it makes sense; with them the slips of digits, signs, points and copying.",
            "",
            mistakes(),
            "",
        ]
    )
    return files


if __name__ == "__main__":
    import os

    os.chdir(ROOT)
    (ROOT / "docs" / "published").mkdir(exist_ok=True)
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
