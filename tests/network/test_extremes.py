"""Extremes: logits of ±1000 held against 1,000 digits, no examples, one example, one class, one unit, float32.

The reference is written in mpmath from the definitions, with so many digits (``digits``) that what a difference of
numbers near 1 leaves has fifty and more: even 1 - softmax(±1000), some 1e-869, has a hundred. Everything runs under
``np.errstate(all="raise", under="ignore")``.
"""

from functools import cache

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import chainrule
from chainrule import InputError, Network
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from tests.support import formulas
from tests.support.sample import half
from tests.support.strategies import LOSS_OUTPUT

SMALLEST = float(np.finfo(float).tiny)  # below this float64 has fewer digits, then none

#: logits of one, two and three outputs; ±18 is where softplus' logarithm changes its formula
LOGITS = {
    1: [[a] for a in (0.0, 3.0, -3.0, -10.0, -15.0, 17.9, -17.9, -18.1, 40.0, -40.0, 745.0, -745.0, 1000.0, -1000.0)],
    2: [[1000.0, -1000.0], [-1000.0, 1000.0], [1000.0, 1000.0], [-1000.0, -1000.0], [40.0, -40.0], [0.0, -37.0]],
    3: [[1000.0, 0.0, -1000.0], [-1000.0, 1000.0, 1000.0], [-1000.0, -1000.0, -999.0], [38.0, 40.0, -1.0]],
}


@pytest.fixture(autouse=True)
def _strict():
    with np.errstate(all="raise", under="ignore"):
        yield


# ---------------------------------------------------------------- the reference


def digits(a):
    """With so many digits that 1 - sigmoid(a), 1 - tanh(a)^2 and the log of a number near 1 keep those of a float64."""
    return mpmath.workdps(1000 if abs(a) > 50 else 350)


def logistic(a):
    return 1 / (1 + mpmath.exp(-a))


def kept(function):
    """A function of a logit, which is slow and the same for every loss, computed once for each number of digits."""
    known = cache(lambda a, digits: function(a))
    return lambda a: known(a, mpmath.mp.dps)


ncdf, exp = kept(mpmath.ncdf), kept(mpmath.exp)

MPMATH = {
    "exp": mpmath.exp, "log": mpmath.log, "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "max": max, "min": min, "abs": abs, "sign": mpmath.sign,
    "sigma": logistic, "softplus": lambda a: mpmath.log1p(mpmath.exp(a)), "Phi": ncdf, "phi": mpmath.npdf,
    "step": lambda a: mpf(a > 0),
    "huber": lambda e: huber(e), "clip": lambda e: max(min(e, mpf(1)), mpf(-1)),
}  # fmt: skip

#: (g, g') of each activation
RULES = formulas.rules(MPMATH) | {
    "identity": (lambda a: a, lambda a: mpf(1)),
    "sigmoid": (logistic, lambda a: logistic(a) * (1 - logistic(a))),
    "tanh": (mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2),
    "relu": (lambda a: max(a, mpf(0)), lambda a: mpf(a > 0)),
    "leaky_relu": (lambda a: a if a > 0 else mpf(0.01) * a, lambda a: mpf(1) if a > 0 else mpf(0.01)),
    "elu": (lambda a: a if a > 0 else mpmath.expm1(a), lambda a: mpf(1) if a > 0 else mpmath.exp(a)),
    "gelu": (lambda a: a * ncdf(a), lambda a: ncdf(a) + a * mpmath.npdf(a)),
    "silu": (lambda a: a * logistic(a), lambda a: logistic(a) * (1 + a * (1 - logistic(a)))),
    "softplus": (lambda a: mpmath.log1p(mpmath.exp(a)), logistic),
}
RULES = {name: tuple(map(kept, pair)) for name, pair in RULES.items()}


def xlog(y, p):
    return y * mpmath.log(p) if y else mpf(0)


def huber(e):
    return e**2 / 2 if abs(e) <= 1 else abs(e) - mpf(1) / 2


#: (term of one output, its derivative by p) of each loss; k is the number of outputs
TERMS = formulas.terms(MPMATH) | {
    "cross_entropy": (lambda p, y, k: -xlog(y, p), lambda p, y, k: -y / p),
    "binary_cross_entropy": (
        lambda p, y, k: -xlog(y, p) - xlog(1 - y, 1 - p),
        lambda p, y, k: -(y / p if y else 0) + ((1 - y) / (1 - p) if y != 1 else 0),
    ),
    "squared_error": (lambda p, y, k: (p - y) ** 2, lambda p, y, k: 2 * (p - y)),
    "half_squared_error": (lambda p, y, k: (p - y) ** 2 / 2, lambda p, y, k: p - y),
    "mean_squared_error": (lambda p, y, k: (p - y) ** 2 / k, lambda p, y, k: 2 * (p - y) / k),
    "absolute_error": (lambda p, y, k: abs(p - y), lambda p, y, k: mpmath.sign(p - y)),
    "huber": (lambda p, y, k: huber(p - y), lambda p, y, k: max(min(p - y, mpf(1)), mpf(-1))),
    "poisson": (lambda p, y, k: p - xlog(y, p), lambda p, y, k: 1 - y / p),
    "identity": (lambda p, y, k: p, lambda p, y, k: mpf(1)),
}


def reference(loss, output, logits, y):
    """L and dL/da_L of one example, rounded to float64 at the very end."""
    with digits(np.abs(logits).max()):
        return _reference(loss, output, logits, y)


def _reference(loss, output, logits, y):
    a, y, k = [mpf(v) for v in logits], [mpf(v) for v in y], mpf(len(logits))
    term, slope = TERMS[loss]
    if output == "softmax":
        powers = [exp(v) for v in a]
        whole = sum(powers)
        p = [each / whole for each in powers]
        by_p = [slope(p[o], y[o], k) for o in range(len(a))]
        gradient = [sum(by_p[o] * p[o] * ((o == m) - p[m]) for o in range(len(a))) for m in range(len(a))]
    else:
        p = [RULES[output][0](v) for v in a]
        gradient = [slope(p[m], y[m], k) * RULES[output][1](a[m]) for m in range(len(a))]
    return float(sum(term(p[o], y[o], k) for o in range(len(a)))), np.array([float(v) for v in gradient])


def targets(loss, k):
    """Targets at the ends of their range and inside it."""
    low, high = LOSSES[loss].target_range
    if high == 1.0:
        return [np.eye(k)[0], np.eye(k)[-1], np.linspace(0.2, 0.7, k)]
    return [np.arange(k) * 3.0, np.linspace(0.3, 2.1, k)] + ([np.linspace(-0.7, 0.4, k)] if low < 0 else [])


def rounding_of_difference(b, dtype):
    """What rounding may do to dL/da: yhat - y is known to a few units of the larger of the two; times O', unless a pair
    has divided by it."""
    terms = np.abs(b["yhat"]) + np.abs(b.y[0])
    if b.shortcut is None and b.forward.network.output != "softmax":
        terms *= np.abs(np.diag(b["dyhat/da_1"]))
    return 8 * float(np.finfo(dtype).eps * terms.max()) + float(np.finfo(dtype).tiny)


def questions(loss, output, every=True):
    """A network of one layer whose logits are x, one example for each pattern of logits with every y or one in turn."""
    for k, patterns in LOGITS.items():
        if LOSSES[loss].fits(OUTPUTS[output], k):
            network = Network([np.eye(k)], None, output=output, loss=loss)
            ys = targets(loss, k)
            for i, logits in enumerate(patterns):
                yield from ((network, np.array(logits), y) for y in (ys if every else [ys[i % len(ys)]]))


# ---------------------------------------------------------------- logits of ±1000


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_loss_and_gradient_are_right_for_logits_of_any_size(loss, output):
    for network, logits, y in half(questions(loss, output), loss, output):
        value, gradient = reference(loss, output, logits, y)
        b = network.backward(logits, y)
        where = f"logits {logits}, y {y}: {b['L']!r} {b['dL/da_1']}, right {value!r} {gradient}"
        assert abs(b["L"] - value) <= 1e-13 * abs(value) + SMALLEST, where
        gap = np.abs(b["dL/da_1"] - gradient).max()
        assert gap <= 1e-12 * np.abs(gradient).max() + rounding_of_difference(b, float), where
        assert all(np.isfinite(b[name]).all() for name in ("dL/dW_1", "dL/db_1", "dL/dx"))


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_float32_is_finite_for_logits_of_any_size(loss, output):
    for network, logits, y in questions(loss, output, every=False):
        b, wide = network.astype(np.float32).backward(logits, y), network.backward(np.float32(logits), np.float32(y))
        assert b["dL/da_1"].dtype == np.float32
        floor = rounding_of_difference(wide, np.float32)
        assert abs(b["L"] - wide["L"]) <= 1e-5 * abs(wide["L"]) + floor, (logits, y)
        gap, largest = np.abs(b["dL/da_1"] - wide["dL/da_1"]).max(), np.abs(wide["dL/da_1"]).max()
        assert gap <= 1e-5 * largest + floor, (logits, y)


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_the_gradient_check_holds_for_logits_of_any_size(loss, output):
    for network, logits, y in half(list(questions(loss, output, every=False)), loss, output):
        found = chainrule.check_gradients(network, logits, y)
        assert found.ok, f"logits {logits}, y {y}\n{found}"


@pytest.mark.parametrize("name", RULES)
def test_an_activation_keeps_its_digits_where_it_saturates(name):
    rule = ACTIVATIONS[name]
    points = np.array([s * v for s in (1, -1) for v in (1e-300, 1e-9, 0.3, 2.0, 17.9, 18.1, 30.0, 36.8, 700.0, 1000.0)])
    for ours, exact in zip((rule.g, rule.dg), RULES[name], strict=True):
        expected = []
        for a in points:
            with digits(a):
                expected.append(float(exact(mpf(a))))
        # rounding a moves the tail of gelu, exp(-a^2/2), by a^2 units
        units = np.maximum(8, points**2) if name == "gelu" else 8
        gap, allowed = np.abs(ours(points) - expected), units * np.finfo(float).eps * np.abs(expected) + SMALLEST
        assert (gap <= allowed).all(), dict(zip(points[gap > allowed], ours(points)[gap > allowed], strict=True))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_hidden_units_may_saturate(hidden, dtype):
    weights = [np.diag([1000.0, -1000.0, 1.0]), np.eye(3), np.full((2, 3), 0.01)]
    network = Network([W.astype(dtype) for W in weights], None, hidden, "softmax", "cross_entropy")
    b = network.backward([[1.0, 1.0, 0.0], [-1.0, 0.5, 1.0]], [0, 1])
    assert np.isfinite(b.L)
    assert all(np.isfinite(part).all() for part in (*b.grad_a, *b.grad_h, *b.grad_W, *b.grad_b, b.grad_x))


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_an_example_of_weight_0_adds_nothing_however_extreme(loss, output):
    k = 1 if loss == "identity" else 2
    network = Network([np.eye(k)], None, output=output, loss=loss)
    x, y = np.array([[0.5, -0.2], [-1000.0, 1000.0]])[:, :k], np.array([[1.0, 0.0], [1.0, 0.0]])[:, :k]
    b, alone = network.backward(x, y, [2.0, 0.0]), network.backward(x[:1], y[:1])
    assert b["L"] == alone["L"]
    for name in ("dL/dW_1", "dL/db_1"):
        np.testing.assert_array_equal(b[name], alone[name])
    for name in ("dL/da_1", "dL/dx", "dL/dyhat"):
        np.testing.assert_array_equal(b[name], [alone[name][0], np.zeros(k)])


# ---------------------------------------------------------------- none and one


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_no_examples_have_no_mean_and_the_sum_0(loss, output):
    k = 1 if loss == "identity" else 2
    rules = {"hidden": ["tanh", "relu"], "output": output, "loss": loss}
    x, y = np.zeros((0, 3)), np.zeros((0, k))
    with pytest.raises(InputError, match="reduction 'mean': expected at least one example of positive weight"):
        Network.random([3, 4, 2, k], **rules, seed=0).backward(x, y)
    network = Network.random([3, 4, 2, k], **rules, reduction="sum", seed=0)
    for shortcuts in (True, False):
        b = network.backward(x, y, shortcuts=shortcuts)
        assert b["L"] == 0.0
        for i in (1, 2, 3):
            np.testing.assert_array_equal(b[f"dL/dW_{i}"], np.zeros_like(network.weights[i - 1]))
            np.testing.assert_array_equal(b[f"dL/db_{i}"], np.zeros_like(network.biases[i - 1]))
            assert b[f"dL/da_{i}"].shape == (0, network.sizes[i])
        assert (b["dL/dh_1"].shape, b["dL/dx"].shape, b["yhat"].shape) == ((0, 4), (0, 3), (0, k))
    forms = {form: chainrule.gradients(network, x, y, form=form) for form in ("component", "vector", "batch")}
    shapes = {form: {name: array.shape for name, array in found.items()} for form, found in forms.items()}
    assert shapes["component"] == shapes["vector"] == shapes["batch"]
    assert all((array == 0).all() for found in forms.values() for array in found.values())
    assert chainrule.check_gradients(network, x, y).ok


def test_weights_that_sum_to_0_have_no_mean():
    network = Network.random([2, 2], seed=0)
    with pytest.raises(InputError, match="weights that sum to 0"):
        network.backward(np.ones((2, 2)), [0, 1], [0.0, 0.0])


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_one_example_is_a_batch_of_one(loss, output):
    k = 1 if loss == "identity" else 3
    network = Network.random([2, 3, k], "elu", output, loss, seed=3)
    x, y = np.array([0.4, -1.2]), np.linspace(0.1, 0.8, k)
    one, batch = network.backward(x, y), network.backward(x[None], y[None])
    assert one["L"] == batch["L"]
    for name in ("x", "a_1", "h_1", "a_2", "yhat"):
        np.testing.assert_array_equal(one[name], batch[name][0])
        np.testing.assert_array_equal(one[f"dL/d{name}"], batch[f"dL/d{name}"][0])
    np.testing.assert_array_equal(one["dL/dW_1"], batch["dL/dW_1"])


def test_softmax_of_one_class_is_1_and_nothing_is_to_be_learned():
    for loss in ("cross_entropy", "poisson", "squared_error"):
        network = Network.random([2, 3, 1], output="softmax", loss=loss, seed=0)
        b = network.backward([[1.0, 2.0], [1000.0, -3.0]], [1.0, 1.0])
        np.testing.assert_array_equal(b["yhat"], [[1.0], [1.0]])
        assert b["L"] == (1.0 if loss == "poisson" else 0.0)
        assert all((part == 0).all() for part in (*b.grad_a, *b.grad_W, *b.grad_b, b.grad_x))


def test_a_chain_of_single_units_is_the_chain_rule():
    """yhat = w3 tanh(w2 tanh(w1 x)): its derivative by w1 is a product of five numbers."""
    w1, w2, w3, x = 0.7, -1.3, 2.1, 0.9
    network = Network([[[w1]], [[w2]], [[w3]]], None, "tanh", "identity", "identity")
    h1 = np.tanh(w1 * x)
    expected = w3 * (1 - np.tanh(w2 * h1) ** 2) * w2 * (1 - h1**2) * x
    assert network.backward([x])["dL/dW_1"] == pytest.approx(np.array([[expected]]), rel=1e-13)
