"""Right sheets, and the forms in which people write them: arrays, signs, updates, lines, rows of tables.

A sheet is a drawn network with its claims; a claim is its name and its parts, each a text or an array. ``lines`` writes
a claim in one form. Whoever adds a way to write names gives ``rename``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

import chainrule as cr

RIGHT = ("right", "rounded", "truncated")


@dataclass(frozen=True)
class Claimed:
    """A claim: what it is about, and what it equals, in order; arrays are written in the form of the sheet."""

    name: str
    parts: tuple[object, ...]
    is_update: bool = False


@dataclass(frozen=True)
class Sheet:
    """A network as a header, and right claims about it."""

    header: str
    claims: tuple[Claimed, ...]
    network: cr.Network = field(repr=False)

    def text(self, lines: list[str]) -> str:
        """The header and lines."""
        return self.header + "\n".join(lines) + "\n"


@st.composite
def sheets(draw, outputs=(1, 2), hidden=("tanh", "sigmoid", "relu")):
    """Networks of two layers with one example, and a derivation of each, right to four decimals."""
    sizes = [draw(st.integers(2, 3)), draw(st.integers(2, 3)), draw(st.sampled_from(outputs))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def drawn(*shape):
        return np.round(rng.uniform(0.1, 0.9, shape) * rng.choice([-1.0, 1.0], shape), 2)

    weights, biases = [drawn(m, j) for j, m in pairwise(sizes)], [drawn(m) for m in sizes[1:]]
    x, y = drawn(sizes[0]), np.round(rng.uniform(0.1, 0.9, sizes[2]), 1)
    g = draw(st.sampled_from(hidden))
    network = cr.Network(weights, biases, hidden=g, output="sigmoid", loss="half_squared_error")
    b = network.backward(x, y)
    new = network.step(b, learning_rate=0.5)
    layers = "".join(
        f"[[network.layer]]\nW = {W.tolist()}\nb = {c.tolist()}\n" for W, c in zip(weights, biases, strict=True)
    )
    header = (
        f'+++\nlearning_rate = 0.5\n[network]\nhidden = "{g}"\noutput = "sigmoid"\nloss = "half_squared_error"\n'
        f"x = {x.tolist()}\ny = {y.tolist()}\n{layers}+++\n"
    )

    def of(name):
        return np.round(np.asarray(b[name], float), 4)

    claims = [
        Claimed("a_1", ("W_1 x + b_1", of("a_1"))),
        Claimed("h_1", (f"{g}(a_1)", of("h_1"))),
        Claimed("a_2", ("W_2 h_1 + b_2", of("a_2"))),
        Claimed("yhat", ("sigmoid(a_2)", of("yhat"))),
        Claimed("dL/da_2", ("(yhat - y) ⊙ yhat ⊙ (1 - yhat)", of("dL/da_2"))),
        Claimed("dL/dW_2", ("dL/da_2 h_1^T", of("dL/dW_2"))),
        Claimed("dL/dh_1", ("W_2^T dL/da_2", of("dL/dh_1"))),
        Claimed("dL/db_1", (of("dL/db_1"),)),
        Claimed("dL/dW_1", ("dL/db_1 x^T", of("dL/dW_1"))),
        Claimed("W_2", (np.round(new.weights[1], 4),), is_update=True),
        Claimed("b_1", ("b_1 - 0.5*dL/db_1", np.round(new.biases[0], 4)), is_update=True),
    ]
    return Sheet(header, tuple(claims), network)


# ---------------------------------------------------------------- arrays


def _number(value: float) -> str:
    return f"{value:.4f}"


def _rows(value, entry: str, row: str, inside: str, outside: str) -> str:
    rows = value if value.ndim == 2 else [value]
    written = row.join(inside.format(entry.join(map(_number, one))) for one in rows)
    return outside.format(written) if value.ndim == 2 else written


def _latex(value, environment: str, cells: str = "") -> str:
    rows = value if value.ndim == 2 else value[:, None]
    body = r" \\ ".join(" & ".join(map(_number, row)) for row in rows)
    return rf"\begin{{{environment}}}{cells} {body} \end{{{environment}}}"


#: ways to write a vector or a matrix, for lines in LaTeX and for plain ones
ARRAYS: dict[str, Callable[[np.ndarray], str]] = {
    "list": lambda v: _rows(v, ", ", ", ", "[{}]", "[{}]"),
    "tuple": lambda v: _rows(v, ", ", ", ", "({})", "({})"),
    "print-out": lambda v: _rows(v, "  ", " ", "[{}]", "[{}]"),
    "array": lambda v: f"np.array({_rows(v, ', ', ', ', '[{}]', '[{}]')})",
    "semicolons": lambda v: "[" + _rows(v, ", ", "; ", "{}", "{}") + "]",
    "residue": lambda v: _rows(v, ",;", ",;", "[{}]", "[{}]"),
    "bmatrix": lambda v: _latex(v, "bmatrix"),
    "pmatrix": lambda v: _latex(v, "pmatrix"),
    "array environment": lambda v: rf"\left[{_latex(v, 'array', '{cc}')}\right]",
    "bmatrix in brackets": lambda v: rf"\left({_latex(v, 'matrix')}\right)",
}
IN_LATEX = ("list", "tuple", "residue", "bmatrix", "pmatrix", "array environment", "bmatrix in brackets")
IN_PLAIN = ("list", "tuple", "print-out", "array", "semicolons")

# ---------------------------------------------------------------- names after an update

UPDATES = (
    "{}'", "{}_new", "{}^{{new}}", "{}^{{+}}", "{}_{{new}}", r"{}_{{\text{{new}}}}", r"{}^{{\text{{new}}}}",
    "{}^{{(t+1)}}", "new {}", "updated {}", r"{}^{{\prime}}", r"{}_{{\mathrm{{new}}}}",
    "{} after the update", "{} (after one step)", "{} nach dem Schritt",
)  # fmt: skip
ASSIGNED = ("←", ":=", r"\leftarrow", r"\gets", "<-")
SIGNS = ("=", "≈", r"\approx", r"\simeq", "≃", r"\cong", "≡", "~=")

# ---------------------------------------------------------------- lines

_TEX = (("yhat", r"\hat{y}"), ("⊙", r"\odot "), ("sigmoid(", r"\operatorname{sigmoid}("), ("tanh(", r"\tanh("))


def in_latex(text: str) -> str:
    """A plain name or formula of ``sheets`` in LaTeX."""
    for plain, tex in _TEX:
        text = text.replace(plain, tex)
    if text.startswith("dL/d") and " " not in text:
        return rf"\frac{{\partial L}}{{\partial {text.removeprefix('dL/d')}}}"
    for name in ("dL/da_2", "dL/db_1"):
        text = text.replace(name, rf"\frac{{\partial L}}{{\partial {name.removeprefix('dL/d')}}}")
    return text


#: a claim, from its parts in order, in LaTeX
LATEX_LINES: dict[str, Callable[[list[str]], str]] = {
    "dollars": lambda p: f"${' = '.join(p)}$",
    "display": lambda p: f"$$\n{' = '.join(p)}\n$$",
    "brackets": lambda p: rf"\[ {' = '.join(p)} \]",
    "pasted from a chat": lambda p: f"[\n{' = '.join(p)}\n]",
    "aligned": lambda p: "$$\\begin{aligned}\n" + p[0] + " &= " + " \\\\\n&= ".join(p[1:]) + "\n\\end{aligned}$$",
    "align": lambda p: "\\begin{align*}\n" + p[0] + "\n&= " + " \\\\\n&= ".join(p[1:]) + ".\n\\end{align*}",
    "split": lambda p: (
        rf"\begin{{equation}} \begin{{split}} {p[0]} &= {' = '.join(p[1:])} \end{{split}} \end{{equation}}"
    ),
    "dollars over lines": lambda p: "- $ " + " =\n  ".join(p) + " $",
    "dollars beside each other": lambda p: " = ".join(f"${part}$" for part in p),
    "words before and after": lambda p: f"- **Schritt 2:** $ {' = '.join(p)} $ com isto, wie oben.",
    "a sentence": lambda p: f"In the same way we get ${' = '.join(p)}$.",
    "therefore": lambda p: rf"$$\therefore {' = '.join(p)} \quad \checkmark$$",
    "Markdown row": lambda p: "| 3 | " + " | ".join(f"${part}$" for part in [f"{p[0]} = {p[1]}", *p[2:]]) + " |",
    "LaTeX row": lambda p: "3 & " + " & ".join(f"${part}$" for part in [f"{p[0]} = {p[1]}", *p[2:]]) + r" \\[1em]",
    "LaTeX row over lines": lambda p: "3 & " + "\n  & ".join(f"${part}$" for part in p) + r" \\",
    "tabs": lambda p: "2\t" + "\t".join(f"${part}$" for part in p),
    "boxed": lambda p: rf"$$\boxed{{{' = '.join(p)}}}$$",
}
#: the same in plain text
PLAIN_LINES: dict[str, Callable[[list[str]], str]] = {
    "plain": " = ".join,
    "list": lambda p: f"- {' = '.join(p)}",
    "bold label": lambda p: f"**Step 2:** {' = '.join(p)}",
    "continued": "\n= ".join,
    "sign at the end": " =\n".join,
    "code": lambda p: f"```\n{' = '.join(p)}\n```",
    "Markdown row": lambda p: "| " + " | ".join(p) + " |",
    "tabs": lambda p: "\t".join(p),
    "comment in brackets": lambda p: f"{' = '.join(p)} (to 4 decimals)",
    "comment": lambda p: f"{' = '.join(p)}, which is what we need",
    "check mark": lambda p: f"{' = '.join(p)} ✓",
}
#: words in several languages between two claims of a line
BETWEEN = (", ", "; ", " and ", " und ", " e ", " com ", " donc ", " vira ", ", ", " => ", r" \quad ")


def written(claim: Claimed, form: str, array: str, latex: bool, update: str = "{}'", rename=lambda name: name) -> str:
    """A claim as lines of a sheet.

    Args:
        form: of ``LATEX_LINES`` or ``PLAIN_LINES``. array: of ``ARRAYS``. update: of ``UPDATES``.
        latex: names and formulas in LaTeX.
        rename: the author's name for a name of the design.
    """
    tex = in_latex if latex else str
    name = tex(rename(claim.name))
    parts = [update.format(name) if claim.is_update else name]
    parts += [tex(part) if isinstance(part, str) else array_written(part, array) for part in claim.parts]
    return (LATEX_LINES if latex else PLAIN_LINES)[form](parts)


def array_written(value, array: str) -> str:
    """An array in a form; one number is a number."""
    return _number(float(value)) if value.ndim == 0 else ARRAYS[array](value)
