"""The declared pairs of a loss and an output: what their rows say of the gradient. That they agree: test_gradients."""

import numpy as np
import pytest

from chainrule.network.outputs import OUTPUTS
from chainrule.network.pairs import PAIRS


def rises(pair, seed=0):
    """Whether no entry of the gradient falls where its own pre-activation and output are larger."""
    rng = np.random.default_rng(seed)
    output = OUTPUTS[pair.output]
    a = rng.normal(size=(400, 3)) * 3
    y = rng.uniform(size=(400, 3))
    p = output.value(a)
    more_a, more_p = a + rng.exponential(size=a.shape), np.minimum(p + rng.exponential(size=p.shape) / 9, output.high)
    return bool((pair.gradient(more_a, more_p, y) >= pair.gradient(a, p, y) - 1e-12).all())


@pytest.mark.parametrize("pair", PAIRS.values(), ids=lambda pair: f"{pair.loss}-{pair.output}")
def test_a_row_says_whether_the_gradient_rises(pair):
    """The auditor bounds the gradient of such a pair by its ends: a false row would accuse who is right."""
    assert rises(pair) == pair.rising
