"""Each stage's vjp is the numerical derivative of its forward, and together they are the backward pass."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Network
from chainrule.network import names
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.equations import loss_grad_batch
from chainrule.network.forward import forward
from chainrule.network.outputs import OUTPUTS
from chainrule.network.stages import ActivationStage, AffineStage, OutputStage, Stage
from tests.support.strategies import cases, generators

STEP = 1e-100  # of the complex step: exact to rounding


def numerical_vjp(stage: Stage, before: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """The derivative of sum(grad * forward(before)) by each entry of ``before``, by the complex step."""
    found = np.zeros(before.shape)
    for where in np.ndindex(before.shape):
        moved = before.astype(complex)
        moved[where] += 1j * STEP
        found[where] = (grad * stage.forward(moved).imag).sum() / STEP
    return found


def differing(stage: Stage, before: np.ndarray, grad: np.ndarray) -> float:
    """The largest difference of a stage's vjp from the numerical one, over what its terms add up to."""
    derivative = stage.derivative(before, stage.forward(before))
    ours = stage.vjp(derivative, grad)
    assert ours.shape == before.shape
    terms = np.abs(grad).max(initial=0.0) * max(1.0, np.abs(derivative).max(initial=0.0)) * grad.shape[1]
    return float(np.abs(ours - numerical_vjp(stage, before, grad)).max(initial=0.0) / max(terms, 1e-300))


def every_stage(rng: np.random.Generator) -> list[Stage]:
    found: list[Stage] = [AffineStage(2, rng.normal(size=(3, 4)), rng.normal(size=3))]
    found += [ActivationStage(1, rule) for rule in ACTIVATIONS.values()]
    return found + [OutputStage(2, rule) for rule in OUTPUTS.values()]


def input_and_grad(stage: Stage, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    before = 2 * rng.normal(size=(3, 4))
    return before, rng.normal(size=stage.forward(before).shape)


@given(generators())
def test_a_vjp_is_the_numerical_derivative(rng):
    for stage in every_stage(rng):
        assert differing(stage, *input_and_grad(stage, rng)) < 1e-12, stage


@given(generators(), st.integers(1, 4))
def test_rows_are_carried_back_as_single_gradients(rng, u):
    for stage in every_stage(rng):
        before, grad = input_and_grad(stage, rng)
        derivative = stage.derivative(before, stage.forward(before))
        rows = rng.normal(size=(len(before), u, grad.shape[1]))
        one_by_one = np.stack([stage.vjp(derivative, rows[:, i]) for i in range(u)], axis=1)
        np.testing.assert_allclose(stage.vjp(derivative, rows), one_by_one, rtol=1e-13, atol=1e-13)


@given(generators())
def test_parameter_gradients_are_the_numerical_ones(rng):
    stage = every_stage(rng)[0]
    assert isinstance(stage, AffineStage)
    before, grad = input_and_grad(stage, rng)
    grad_W, grad_b = stage.parameter_gradients(before, grad)
    for where in np.ndindex(stage.W.shape):
        moved = stage.W.astype(complex)
        moved[where] += 1j * STEP
        found = (grad * AffineStage(2, moved, stage.b).forward(before.astype(complex)).imag).sum() / STEP
        assert grad_W[where] == pytest.approx(found, rel=1e-12, abs=1e-12)
    for m in range(len(stage.b)):
        moved = stage.b.astype(complex)
        moved[m] += 1j * STEP
        found = (grad * AffineStage(2, stage.W, moved).forward(before.astype(complex)).imag).sum() / STEP
        assert grad_b[m] == pytest.approx(found, rel=1e-12, abs=1e-12)


@dataclass(frozen=True, eq=False)
class SlopeOfTheWrongSide(ActivationStage):
    """g' at h instead of at a."""

    def derivative(self, before, after):
        return super().derivative(after, after)


@dataclass(frozen=True, eq=False)
class NotTransposed(AffineStage):
    """W where W^T belongs."""

    def vjp(self, derivative, grad):
        return super().vjp(derivative.T, grad)


@dataclass(frozen=True, eq=False)
class DiagonalOnly(OutputStage):
    """Softmax as if it were elementwise."""

    def derivative(self, before, after):
        full = super().derivative(before, after)
        return full * np.eye(full.shape[1])


@pytest.mark.parametrize(
    "planted",
    [
        SlopeOfTheWrongSide(1, ACTIVATIONS["tanh"]),
        SlopeOfTheWrongSide(1, ACTIVATIONS["softplus"]),
        NotTransposed(1, np.arange(16.0).reshape(4, 4), np.zeros(4)),
        DiagonalOnly(1, OUTPUTS["softmax"]),
    ],
    ids=lambda stage: type(stage).__name__,
)
def test_a_planted_wrong_vjp_is_found(planted):
    rng = np.random.default_rng(0)
    assert differing(planted, *input_and_grad(planted, rng)) > 1e-3


@given(cases())
def test_the_chain_of_all_stages_is_the_backward_pass(case):
    b = case.network.backward(*case.args, shortcuts=False)
    f = b.forward
    assert [stage.kind for stage in f.network.stages[::2]] == ["affine"] * f.network.depth
    grad = loss_grad_batch(b.coefficients, f.network.loss_rule.gradient(f.yhat, b.y))
    for stage in reversed(f.network.stages):
        assert np.array_equal(stage.forward(f.value(stage.before)), f.value(stage.after))
        np.testing.assert_allclose(b.gradient(stage.after), grad, rtol=1e-12)
        if isinstance(stage, AffineStage):
            grad_W, grad_b = stage.parameter_gradients(f.value(stage.before), grad)
            np.testing.assert_allclose(b.gradient(names.Quantity("W", stage.layer)), grad_W, rtol=1e-12)
            np.testing.assert_allclose(b.gradient(names.Quantity("b", stage.layer)), grad_b, rtol=1e-12)
        grad = stage.vjp(f.derivative(stage), grad)
    np.testing.assert_allclose(b.grad_x, grad, rtol=1e-12)


def test_dropout_is_in_the_derivative():
    network = Network.random([2, 3, 1], hidden="tanh", output="identity", loss="squared_error", seed=0)
    keep = np.array([[2.0, 0.0, 2.0]])
    f = forward(network, [0.3, -0.4], (keep,))
    activation = network.stages[1]
    assert np.array_equal(f.derivative(activation), activation.derivative(f.a[0], f.h[1]) * keep)
    step = 1e-6
    moved = forward(network, [0.3 + step, -0.4], (keep,)), forward(network, [0.3 - step, -0.4], (keep,))
    slope = (moved[0].yhat[0, 0] - moved[1].yhat[0, 0]) / (2 * step)
    assert f["dyhat_1/dx_1"] == pytest.approx(slope, rel=1e-6)


def test_the_stages_name_what_they_are_between():
    network = Network.random([2, 3, 4, 1], output="identity", loss="squared_error", seed=0)
    between = [(stage.kind, stage.layer, str(stage.before), str(stage.after)) for stage in network.stages]
    assert between == [
        ("affine", 1, "x", "a_1"),
        ("activation", 1, "a_1", "h_1"),
        ("affine", 2, "h_1", "a_2"),
        ("activation", 2, "a_2", "h_2"),
        ("affine", 3, "h_2", "a_3"),
        ("output", 3, "a_3", "yhat"),
    ]


def test_a_network_that_was_used_can_be_pickled():
    network = Network.random([2, 3, 1], hidden="identity", output="identity", loss="squared_error", seed=0)
    network.backward([1, 2], [1])
    again = pickle.loads(pickle.dumps(network))
    assert again.backward([1, 2], [1]).L == network.backward([1, 2], [1]).L
