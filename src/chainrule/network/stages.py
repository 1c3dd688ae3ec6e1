"""The stages of the forward pass in order, each with its derivative and its vjp.

    x -> affine 1 -> a_1 -> activation 1 -> h_1 -> affine 2 -> … -> affine L -> a_L -> output -> yhat

A vjp (vector-Jacobian product) takes a gradient at the output of a stage to the gradient at its input. It is
given the stage's own derivative, so that who computes, replaces or bounds that derivative does so once:

    derivative = f.derivative(stage)          # of a forward pass f
    grad_before = stage.vjp(derivative, grad_after)

Letters of the axes as in ``equations``; u counts rows that are carried back together, such as those of a Jacobian.
A derivative has one of three shapes, and here is what they mean:
    W_i (m, j)         of an affine stage, the same for every example
    g'(a_i) (n, m)     of an elementwise stage, the diagonal of its Jacobian
    J_O (n, o, m)      of softmax, its full Jacobian
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from chainrule.network import equations
from chainrule.network.activations import Activation
from chainrule.network.arrays import Array
from chainrule.network.names import Quantity
from chainrule.network.outputs import Output

Kind = Literal["affine", "activation", "output"]


@dataclass(frozen=True, eq=False)
class Stage(ABC):
    """One stage. ``layer`` counts from 1; the output stage has the layer L."""

    kind: ClassVar[Kind]
    layer: int

    @property
    def before(self) -> Quantity:
        """The quantity that the stage takes: a_i; of an affine stage h_{i-1}, or x."""
        return Quantity("a", self.layer)

    @property
    @abstractmethod
    def after(self) -> Quantity:
        """The quantity that the stage gives."""

    @abstractmethod
    def forward(self, rows: Array) -> Array:
        """The values at the output from those at the input, examples as rows."""

    @abstractmethod
    def derivative(self, before: Array, after: Array) -> Array:
        """The derivative of this stage where its input and its output have these values (n, …)."""

    @abstractmethod
    def vjp(self, derivative: Array, grad: Array) -> Array:
        """The gradient at the input from that at the output: (n, …), or rows (n, u, …) of a Jacobian."""


@dataclass(frozen=True, eq=False)
class AffineStage(Stage):
    """a_i = W_i h_{i-1} + b_i. Equations forward.pre; backward.hidden, backward.weight, backward.bias."""

    kind = "affine"
    W: Array
    b: Array

    @property
    def before(self) -> Quantity:
        """x or h_{i-1}."""
        return Quantity("h", self.layer - 1) if self.layer > 1 else Quantity("x")

    @property
    def after(self) -> Quantity:
        """a_i."""
        return Quantity("a", self.layer)

    def forward(self, rows: Array) -> Array:
        """H_{i-1} (n, j) -> A_i (n, m)."""
        return equations.pre_batch(self.W, rows, self.b)

    def derivative(self, before: Array, after: Array) -> Array:
        """W_i (m, j), whatever the values."""
        return self.W

    def vjp(self, derivative: Array, grad: Array) -> Array:
        """grad A_i (n, m) -> grad H_{i-1} (n, j); rows (n, u, m) -> (n, u, j)."""
        return equations.hidden_batch(derivative, grad)

    def parameter_gradients(self, before: Array, grad: Array) -> tuple[Array, Array]:
        """H_{i-1} (n, j), grad A_i (n, m) -> grad W_i (m, j), grad b_i (m,), summed over the examples."""
        return equations.weight_batch(grad, before), equations.bias_batch(grad)


@dataclass(frozen=True, eq=False)
class ActivationStage(Stage):
    """h_i = g(a_i), elementwise. Equations forward.act, backward.slope, backward.pre."""

    kind = "activation"
    rule: Activation

    @property
    def after(self) -> Quantity:
        """h_i."""
        return Quantity("h", self.layer)

    def forward(self, rows: Array) -> Array:
        """A_i (n, m) -> H_i (n, m)."""
        return equations.act(self.rule.g, rows)

    def derivative(self, before: Array, after: Array) -> Array:
        """g'(A_i) (n, m)."""
        return equations.slope(self.rule.dg, before)

    def vjp(self, derivative: Array, grad: Array) -> Array:
        """grad H_i (n, m) -> grad A_i (n, m); rows (n, u, m) -> (n, u, m)."""
        return equations.pre_grad(grad, derivative[:, None, :] if grad.ndim == 3 else derivative)


@dataclass(frozen=True, eq=False)
class OutputStage(Stage):
    """yhat = O(a_L). Equations forward.act, backward.jacobian or backward.slope, backward.out."""

    kind = "output"
    rule: Output

    @property
    def after(self) -> Quantity:
        """yhat."""
        return Quantity("yhat")

    def forward(self, rows: Array) -> Array:
        """A_L (n, k) -> yhat (n, k)."""
        return equations.act(self.rule.value, rows)

    def derivative(self, before: Array, after: Array) -> Array:
        """J_O (n, o, m) of softmax; g'(A_L) (n, m) of an elementwise output."""
        rule = self.rule.rule
        return self.rule.jacobian(before, after) if rule is None else equations.slope(rule.dg, before)

    def vjp(self, derivative: Array, grad: Array) -> Array:
        """grad yhat (n, o) -> grad A_L (n, m); rows (n, u, o) -> (n, u, m)."""
        if self.rule.rule is not None:
            return equations.pre_grad(grad, derivative[:, None, :] if grad.ndim == 3 else derivative)
        if grad.ndim == 2:
            return equations.out_batch(derivative, grad)
        rows: Array = grad @ derivative
        return rows


def stages(
    weights: tuple[Array, ...], biases: tuple[Array, ...], activations: tuple[Activation, ...], output: Output
) -> tuple[Stage, ...]:
    """The 2 L stages of a network, in order; ``Network.stages`` holds them."""
    found: list[Stage] = []
    for i, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
        found.append(AffineStage(i, W, b))
        found.append(ActivationStage(i, activations[i - 1]) if i < len(weights) else OutputStage(i, output))
    return tuple(found)
