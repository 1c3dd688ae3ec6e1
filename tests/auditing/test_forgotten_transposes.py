"""A product that does not exist, or needs a matrix the other way round, is not right for the number behind it."""

import numpy as np
import pytest

from chainrule import Network
from chainrule.auditing.audit import audit
from chainrule.auditing.records import ACCEPTED
from tests.support.sample import seeds


def written(values):
    return str(np.round(values, 4).tolist())


def sheet(seed, rows, back):
    """Two layers whose vectors are columns or rows, with a formula for the error of the hidden one."""
    rng = np.random.default_rng(seed)
    j, m, k = rng.permutation([2, 3, 4])
    weights = [np.round(rng.normal(size=shape), 1) for shape in ((m, j), (k, m))]
    biases = [np.round(rng.normal(size=size), 1) for size in (m, k)]
    x, y = np.round(rng.normal(size=j), 1), np.eye(k)[rng.integers(k)]
    b = Network(weights, biases, "sigmoid", "sigmoid", "half_squared_error").backward(x, y)
    given = [W.T if rows else W for W in weights]
    first, second = ("x W1 + b1", "a1 W2 + b2") if rows else ("W1 x + b1", "W2 a1 + b2")
    return f"""x = {written(x)}, y = {written(y)}, sigmoid, C = 1/2 sum (a2 - y)^2
W1 = {written(given[0])}, b1 = {written(biases[0])}
W2 = {written(given[1])}, b2 = {written(biases[1])}

z1 = {first} = {written(b["a_1"])}
a1 = σ(z1) = {written(b["h_1"])}
z2 = {second} = {written(b["a_2"])}
a2 = σ(z2) = {written(b["yhat"])}
dz2 = {written(b["dL/da_2"])}
dz1 = {back} = {written(b["dL/da_1"])}
"""


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize(
    ("rows", "right", "wrong"),
    [
        (False, "(W2^T dz2) ⊙ σ'(z1)", "(W2 dz2) ⊙ σ'(z1)"),
        (False, "W2^T dz2 ⊙ σ'(z1)", "dz2 W2^T ⊙ σ'(z1)"),
        (True, "dz2 W2^T ⊙ σ'(z1)", "dz2 W2 ⊙ σ'(z1)"),
        (True, "(dz2 W2^T) * a1 (1 - a1)", "(W2^T dz2) * a1 (1 - a1)"),
    ],
)
def test_a_forgotten_or_needless_transpose_is_not_right(seed, rows, right, wrong):
    good = audit(sheet(seed, rows, right)).lines
    assert {line.verdict for line in good if line.number >= 4} <= set(ACCEPTED)
    *above, last = audit(sheet(seed, rows, wrong)).lines
    assert {line.verdict for line in above if line.number >= 4} <= set(ACCEPTED)
    assert last.verdict in ("wrong", "undecided"), last
