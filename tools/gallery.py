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

In Python: `r = cr.audit("sheet.md")`, then `r.lines`, `r.first_wrong`, `r.conventions`, `r.score`.
"""
CODE = """## The gradients of your code

The same diagnosis for arrays that a backward pass of your own computed, as your code holds them:

```python
audit = cr.audit_gradients(net, x, y, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}, learning_rate=0.1)
print(audit)  # which array is wrong first, which only follow, and the probable cause
audit.first_wrong.name  # 'dL/dW_1'; .text is the name as you gave it
audit.notes, audit.conventions  # how each array was read, and what the whole set shares
cr.check_gradients(net, x, y, gradients=mine)  # the same reading, against numerical differentiation
```

| what | as |
|---|---|
| names | `dL/dW_1`, `dW1`, `db1`, `dZ1`, `dA1`, `dJ/dW1`, `dL_dz_1`, `∂L/∂W1`, `grad_W1`, `W1_grad`, `W1` and `b1` (as in a dictionary `grads`), `layers.0.weight.grad`, `0.weight`, `fc1.bias`, `dense/kernel:0`, `coefs_[0]`, `δ^2`, `dscores`, `dWxh`, … |
| containers | a dictionary, nested or not; a list W_1, b_1, W_2, …, or all W and then all b; pairs `(dW, db)`; a pair of lists; a list of dictionaries; one vector of all parameters; a PyTorch module after `backward()` |
| layouts | W as (m, j), (j, m) or one row of numbers; b as (m,), (1, m), (m, 1), or the first or last column or row of W; units as (n, m) or (m, n) |
| types | NumPy, PyTorch (also with `requires_grad`), JAX, pandas, lists; float64, float32, float16, bfloat16 |

What a name or a layout leaves open the whole set decides: whether layers are counted from 0 or from 1, or stand in the order of
their names; whether `dA1` is before or after the activation; which way square matrices lie. Shapes and counts come first, then
what most of the numbers fit. What was decided is said. Where nothing decides, the set is refused with both readings; so is an
array whose shape fits nothing, with what it would fit:

```text
db1: expected shape (4,) of dL/db_1; got shape (6, 4): it looks as if the sum over the 6 examples is missing
```

Conventions of a whole set are told in a sentence and are no mistakes: minus the gradient; the learning rate times it, or any
other one factor that no mistake is known by; weights (in, out); errors of each example's own loss, of which dW takes the mean.
One array alone that is transposed or negated is a mistake, and so are all of them times n, 2 or the number of outputs.

float32 arrays are judged to single precision, and so are double arrays that hold it (from JSON, `.tolist()` or a float of C++):
every value is then a float32 number, or all errors are those that rounding in float32 explains. How far rounding can move an
entry is a bound that goes along with each operation; a unit that rounding may take across a kink is allowed both slopes.

The cause of the first wrong array is the simplest mistake that explains it to its precision: a mistake of the table without an
unknown number, at the array's own equation before those it is computed from; the same at every layer; examples left out; signs,
zeros, clipped or moved entries; then one unknown number that is solved (the λ of a penalty, the rate of a step made too early,
the slope of a leaky ReLU, a constant factor with its likely origin); then a factor or a penalty beside a mistake; units that have
what belongs to others; a number that is solved step by step (a temperature, a threshold, an epsilon); another mask going back; the
gradient after a step; two mistakes of the table at once. The last five only up to 200,000 parameters times examples, two mistakes
up to 50,000. What fits by accident, and what would show in an array that is right, is not named. [What is said of each kind of
bug](bugs.md) is a page.

Values of your forward pass may be given too, `forward={"a_1": a1, "h_1": h1, "yhat": p}`: the first wrong one is found before
any gradient. Dropout shows in `h_1` (zeros, the rest times one number) and is followed on the way back.

On the command line, for code in any language:

```sh
chainrule check model.safetensors --data iris --gradients mine.npz      # or .npy, .json, .csv, .mat, .safetensors
chainrule check --torch module.py:Net --loss CrossEntropyLoss           # a Sequential of a Python file, and its .grad
chainrule check mynet.py:backward --layers 4,5,3 --hidden relu          # a backward pass, called on random networks
```

A CSV file has a name before the numbers of each row (`dW1,0.1,-0.2`), a row for each row of the array. `--torch` runs the file in
a process of its own with a time limit (`--seconds`); its `x` and `y` are the examples where `--data` gives none. In Python,
`cr.from_module(net, loss)` makes a network of a feed-forward `nn.Sequential` (Linear, Flatten, activations, Dropout in eval,
Softmax or LogSoftmax at the end). Files are data only: pickles are never read. Exit code 1 if an array is wrong.

`python -m trials.layouts --count 2000 --seed 0` draws networks whose gradients a naive pass computes, in float64, float32 and
float32 kept in double arrays, holds them in more than sixty layouts, and plants a mistake in each.
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
            CODE,
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
