"""Hypothesis strategies for networks with their data, each named by the axes of what it draws.

Axes, as in ``chainrule.network.equations``: n examples, d inputs, m units of a layer, k outputs.

Hypothesis draws the shapes, the rules and a seed. The numbers themselves come from the seed, normally
distributed, so that a unit sits on a kink with probability 0; ``elements="halves"`` rounds them to halves:
then units do sit on kinks, and sums in the first layer are exact in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from hypothesis import strategies as st

from chainrule import Backward, Network
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES, REDUCTIONS
from chainrule.network.outputs import OUTPUTS

Elements = Literal["normal", "halves"]

UNITS = range(1, 6)
LAYERS = range(1, 6)

#: every loss with every output that fits it for some number of outputs
LOSS_OUTPUT = [
    (loss.name, output.name)
    for loss in LOSSES.values()
    for output in OUTPUTS.values()
    if any(loss.fits(output, k) for k in UNITS)
]


@dataclass(frozen=True)
class Case:
    """A network and what it is asked: ``x`` (d,) or (n, d), ``y`` as a caller gives it, ``targets`` always (n, k)."""

    network: Network
    x: np.ndarray
    y: Any
    targets: np.ndarray
    sample_weight: np.ndarray | None

    @property
    def args(self) -> tuple[Any, Any, Any]:
        """x, y, sample_weight."""
        return self.x, self.y, self.sample_weight

    def __repr__(self) -> str:
        weighted = "no weights" if self.sample_weight is None else f"weights {self.sample_weight.tolist()}"
        return f"Case({self.network}, x {self.x.shape}, y {np.shape(self.y)}, {weighted})"


# ---------------------------------------------------------------- numbers from a seed


def targets_n_k(rng: np.random.Generator, loss: str, n: int, k: int) -> np.ndarray:
    """Targets within the loss' target_range: shares, counts or any number."""
    low, high = LOSSES[loss].target_range
    if (low, high) == (0.0, 1.0):
        soft = rng.uniform(0.05, 0.95, (n, k))
        return np.where(rng.random((n, k)) < 0.5, soft.round(), soft)
    return rng.poisson(2.0, (n, k)).astype(float) if low == 0.0 else rng.normal(size=(n, k))


def weights_n(rng: np.random.Generator, n: int) -> np.ndarray:
    """Sample weights; now and then one of them is 0, never all."""
    w = rng.uniform(0.2, 3.0, n)
    w[1:] *= rng.random(n - 1) > 0.2
    return w


def network_d_to_k(
    rng: np.random.Generator,
    sizes: tuple[int, ...],
    hidden: list[str],
    output: str,
    loss: str,
    reduction: str,
    elements: Elements = "normal",
) -> Network:
    """A network with moderate logits, so that a naive loss computed beside it keeps its digits."""

    def numbers(*shape: int) -> np.ndarray:
        drawn = rng.normal(size=shape) / np.sqrt(shape[-1])
        return drawn if elements == "normal" else (2 * drawn).round() / 2

    weights = [numbers(m, j) for j, m in pairwise(sizes)]
    biases = [numbers(m) for m in sizes[1:]]
    return Network(weights, biases, hidden, output, loss, reduction)


def case_n(rng: np.random.Generator, network: Network, n: int, weighted: bool, elements: Elements = "normal") -> Case:
    """A batch of n examples for a network."""
    x = rng.normal(size=(n, network.sizes[0]))
    if elements == "halves":
        x = (2 * x).round() / 2
    targets = targets_n_k(rng, network.loss, n, network.sizes[-1])
    return Case(network, x, targets, targets, weights_n(rng, n) if weighted else None)


# ---------------------------------------------------------------- comparing gradients


def gradients_of(b: Backward) -> dict[str, np.ndarray]:
    """Every gradient of a backward pass by its name."""
    depth = b.forward.network.depth
    names = [f"{symbol}_{i}" for symbol in "Wba" for i in range(1, depth + 1)]
    names += [*(f"h_{i}" for i in range(1, depth)), "x", "yhat"]
    return {f"dL/d{name}": b[f"dL/d{name}"] for name in names}


def sums_of_paths(b: Backward) -> dict[str, float]:
    """For each gradient the largest sum over all paths of |product|: rounding is in proportion to this.

    Softmax makes gradients that are 0 out of terms that cancel; only this tells their rounding from an error.
    """
    f, network = b.forward, b.forward.network
    if network.output == "softmax":
        jacobian = f.yhat[:, :, None] * (
            np.eye(network.sizes[-1]) + f.yhat[:, None, :]
        )  # the terms, not their difference
    else:
        jacobian = np.abs(network.output_rule.jacobian(f.a[-1], f.yhat))
    at_a = np.einsum("nom,no->nm", jacobian, np.abs(b.grad_yhat))
    found = {"dL/dyhat": np.abs(b.grad_yhat)}
    for i in range(network.depth, 0, -1):
        at_h = at_a @ np.abs(network.weights[i - 1])
        found |= {f"dL/da_{i}": at_a, f"dL/db_{i}": at_a.sum(axis=0), f"dL/dW_{i}": at_a.T @ np.abs(f.h[i - 1])}
        found["dL/dx" if i == 1 else f"dL/dh_{i - 1}"] = at_h
        if i > 1:
            at_a = at_h * np.abs(network.activations[i - 2].dg(f.a[i - 2]))
    return {name: float(sums.max(initial=0.0)) for name, sums in found.items()}


def assert_agree(
    ours: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], rtol: float, paths: Mapping[str, float]
) -> None:
    """Each array within ``rtol`` of the other's largest entry, and 16 units of rounding of its sum of paths."""
    for name, array in other.items():
        assert ours[name].shape == array.shape, name
        gap, largest = np.abs(ours[name] - array).max(initial=0.0), np.abs(array).max(initial=0.0)
        assert gap <= rtol * largest + 16 * np.finfo(array.dtype).eps * paths[name], (name, gap, largest)


# ---------------------------------------------------------------- strategies


def generators() -> st.SearchStrategy[np.random.Generator]:
    """The source of all numbers; Hypothesis knows only its seed."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def k_outputs(loss: str, output: str) -> st.SearchStrategy[int]:
    """Numbers of outputs for which the loss fits the output."""
    return st.sampled_from([k for k in UNITS if LOSSES[loss].fits(OUTPUTS[output], k)])


@st.composite
def sizes_d_to_k(draw: st.DrawFn, k: int) -> tuple[int, ...]:
    """Units of each layer, the inputs first: 1 to 5 layers of 1 to 5 units, the last of k."""
    before = draw(st.lists(st.sampled_from(UNITS), min_size=LAYERS[0], max_size=LAYERS[-1]))
    return (*before, k)


def hidden_of(layers: int, only: str | None = None) -> st.SearchStrategy[list[str]]:
    """One activation for each hidden layer, each its own; or ``only`` that one."""
    names = st.just(only) if only else st.sampled_from(list(ACTIVATIONS))
    return st.lists(names, min_size=layers - 1, max_size=layers - 1)


@st.composite
def networks(
    draw: st.DrawFn,
    loss_output: st.SearchStrategy[tuple[str, str]] | None = None,
    hidden: str | None = None,
    elements: Elements = "normal",
) -> Network:
    """Networks over shapes, hidden activations, outputs, losses that fit, and reductions."""
    loss, output = draw(st.sampled_from(LOSS_OUTPUT) if loss_output is None else loss_output)
    sizes = draw(sizes_d_to_k(draw(k_outputs(loss, output))))
    rules = draw(hidden_of(len(sizes) - 1, hidden))
    return network_d_to_k(draw(generators()), sizes, rules, output, loss, draw(st.sampled_from(REDUCTIONS)), elements)


@st.composite
def cases(
    draw: st.DrawFn,
    loss_output: st.SearchStrategy[tuple[str, str]] | None = None,
    hidden: str | None = None,
    elements: Elements = "normal",
) -> Case:
    """A network with 1 to 5 examples, or one example (d,); weighted or not; targets in every form allowed."""
    network = draw(networks(loss_output, hidden, elements))
    single = draw(st.booleans())
    n, k = 1 if single else draw(st.integers(1, 5)), network.sizes[-1]
    rng = draw(generators())
    case = case_n(rng, network, n, draw(st.booleans()), elements)
    x, y, targets = case.x, case.targets, case.targets
    form = draw(st.sampled_from(["rows", "numbers"]))  # numbers: a target, or a class, each
    if form == "numbers" and k == 1:
        y = targets[:, 0]
    elif form == "numbers":
        y = rng.integers(0, k, n)
        targets = np.eye(k)[y]
    if network.loss == "identity" and draw(st.booleans()):
        return Case(network, x[0] if single else x, None, np.zeros((n, k)), case.sample_weight)
    return Case(network, x[0] if single else x, y[0] if single else y, targets, case.sample_weight)


def loss_output_of(loss: str, output: str) -> st.SearchStrategy[tuple[str, str]]:
    """That loss with that output, and nothing else."""
    return st.just((loss, output))
