"""Sheets that go on: a second and a third pass under plain names, further examples, one example of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.auditing.records import ACCEPTED
from tests.support.sample import seeds

BAD = ("wrong", "follows", "unreadable")


def shown(value: object, decimals: int = 5) -> str:
    """A number, or lists of numbers, as a sheet has them."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return f"{float(array):.{decimals}f}"
    return "[" + ", ".join(shown(one, decimals) for one in array) + "]"


def header(network: cr.Network, x: object, y: object, rate: float) -> str:
    """The header of a sheet about a network."""
    layers = "".join(
        f"[[layer]]\nW = {shown(W, 2)}\nb = {shown(b, 2)}\n"
        for W, b in zip(network.weights, network.biases, strict=True)
    )
    return (
        f'+++\nx = {shown(x, 2)}\ny = {shown(y, 2)}\nlearning_rate = {rate}\nhidden = "sigmoid"\noutput = "sigmoid"\n'
        f'loss = "half_squared_error"\n{layers}+++\n'
    )


def drawn(seed: int) -> tuple[cr.Network, np.ndarray, np.ndarray, np.random.Generator]:
    """A network of two layers with an example."""
    rng = np.random.default_rng(seed)
    sizes = [int(s) for s in rng.integers(1, 4, size=3)]
    weights = [np.round(rng.uniform(-1, 1, (m, d)), 2) for d, m in pairwise(sizes)]
    biases = [np.round(rng.uniform(-0.5, 0.5, m), 2) for m in sizes[1:]]
    network = cr.Network(weights, biases, ["sigmoid"], "sigmoid", "half_squared_error")
    return network, np.round(rng.uniform(0.2, 2, sizes[0]), 2), np.round(rng.uniform(0, 1, sizes[-1]), 2), rng


def one_pass(network: cr.Network, x: object, y: object, rate: float, arrow: str) -> tuple[list[str], cr.Network]:
    """The lines of a pass under plain names, and the network after it."""
    b = network.backward(x, y)
    lines = [f"yhat = {shown(np.ravel(b.forward.yhat))}", f"L = {shown(b.L)}", f"dL/dyhat = {shown(b['dL/dyhat'])}"]
    lines += [f"dL/da_{i} = {shown(b[f'dL/da_{i}'])}" for i in (2, 1)]
    lines += [f"dL/dW_{i} = {shown(b[f'dL/dW_{i}'])}" for i in (2, 1)]
    weights = [W - rate * g for W, g in zip(network.weights, b.grad_W, strict=True)]
    biases = [c - rate * g for c, g in zip(network.biases, b.grad_b, strict=True)]
    new = cr.Network(weights, biases, ["sigmoid"], "sigmoid", "half_squared_error")
    for i in (2, 1):
        lines += [f"W_{i} {arrow} {shown(weights[i - 1])}", f"b_{i} {arrow} {shown(biases[i - 1])}"]
    return lines, new


def passes(seed: int, count: int, arrow: str) -> tuple[str, list[str]]:
    """A header, and the lines of several passes on one example."""
    network, x, y, rng = drawn(seed)
    rate, lines, now = float(np.round(rng.uniform(0.3, 2), 1)), [], network
    for number in range(count):
        written, now = one_pass(now, x, y, rate, arrow)
        lines += [f"Iteration {number + 1}" * (number > 0), *written]
    return header(network, x, y, rate), lines


def verdicts(text: str) -> dict[int, tuple[str, str, str]]:
    """Line -> verdict, text and message."""
    return {line.number: (line.verdict, line.text, line.message) for line in cr.audit(text).lines}


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_each_pass_is_about_the_parameters_so_far(seed: int) -> None:
    head, lines = passes(seed, 3, "<-" if seed % 2 else "=")
    found = verdicts(head + "\n".join(lines))
    assert {v for v in found.values() if v[0] not in ACCEPTED} == set()


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_a_mistake_in_a_later_pass_is_found_there(seed: int) -> None:
    head, lines = passes(seed, 2, "<-")
    start = lines.index("Iteration 2")
    wanted = [i for i, line in enumerate(lines) if i > start and line.startswith(("dL/da_2", "yhat", "dL/dyhat"))]
    at = wanted[seed % len(wanted)]
    name, _, value = lines[at].partition(" = ")
    numbers = np.atleast_1d(np.array(eval(value)))
    lines[at] = f"{name} = {shown(numbers * 1.3 + 0.02)}"
    found = verdicts(head + "\n".join(lines))
    number = head.count("\n") + at + 1
    assert found[number][0] == "wrong"
    assert all(v[0] in ACCEPTED for n, v in found.items() if n < number)


def other_examples(seed: int) -> Iterator[str]:
    """A sheet of online learning: its header has the first example, later lines give the second."""
    network, x, y, rng = drawn(seed)
    rate, now = 0.5, network
    yield header(network, x, y, rate).rstrip()
    for number in (1, 2, 3):
        if number > 1:
            x, y = np.round(rng.uniform(0.2, 2, len(x)), 2), np.round(rng.uniform(0, 1, len(y)), 2)
            yield f"Example {number}"
            yield f"x = {shown(x, 2)}"
            yield f"y = {shown(y, 2)}"
        written, now = one_pass(now, x, y, rate, "<-")
        yield from written


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_lines_about_a_further_example_are_about_its_inputs(seed: int) -> None:
    found = verdicts("\n".join(other_examples(seed)))
    assert {v for v in found.values() if v[0] not in ACCEPTED} == set()


@pytest.mark.parametrize("seed", seeds(2, 6))
def test_a_wrong_number_of_a_further_example_is_neither_accused_nor_right(seed: int) -> None:
    lines = list(other_examples(seed))
    at = max(i for i, line in enumerate(lines) if line.startswith("yhat"))
    lines[at] = "yhat = " + shown(np.full(lines[at].count(",") + 1, 0.12345))
    text = "\n".join(lines)
    number = next(n for n, v in verdicts(text).items() if "0.12345" in v[1])
    assert verdicts(text)[number][0] == "undecided"
    assert not [v for v in verdicts(text).values() if v[0] in BAD]


def test_another_input_before_any_gradient_is_a_copy_that_is_wrong() -> None:
    head, lines = passes(1, 1, "<-")
    x = cr.audit(head + "yhat = 0.5").sizes[0]
    found = verdicts(head + f"x = {shown(np.full(x, 0.77))}\n" + "\n".join(lines))
    assert next(iter(found.values()))[0] == "wrong"


def batch(seed: int) -> tuple[str, list[list[float]], list[float]]:
    """The header of a batch, with the outputs and the losses of its examples."""
    network, x, y, rng = drawn(seed)
    n = int(rng.integers(2, 5))
    n += n == len(y)
    xs, ys = np.round(rng.uniform(-1, 2, (n, len(x))), 2), np.round(rng.uniform(0, 1, (n, len(y))), 2)
    alone = [network.backward(a, b) for a, b in zip(xs, ys, strict=True)]
    return header(network, xs, ys, 0.5), [np.ravel(b.forward.yhat).tolist() for b in alone], [float(b.L) for b in alone]


@pytest.mark.parametrize("seed", range(3))
def test_below_its_heading_a_formula_is_about_one_example(seed: int) -> None:
    network, x, _, rng = drawn(seed)
    xs = np.round(rng.uniform(-1, 2, (7, len(x))), 2)
    head, a = header(network, xs, np.zeros((7, network.sizes[-1])), 0.5), network.forward(xs[1])["a_1"]
    lines = f"Example 2:\na_1 = W_1 x + b_1 = {shown(a)}\nh_1 = W_1 x + b_1\n"
    assert [found[0] for found in verdicts(head + lines).values()] == ["right", "wrong"]


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_below_its_heading_values_are_those_of_one_example(seed: int) -> None:
    head, outputs, losses = batch(seed)
    lines = []
    for k, (yhat, loss) in enumerate(zip(outputs, losses, strict=True), 1):
        lines += [f"Example {k}:", f"yhat = {shown(yhat)}", f"L = {shown(loss)}"]
    found = verdicts(head + "\n".join(lines))
    assert {v for v in found.values() if v[0] not in ACCEPTED} == set()


@pytest.mark.parametrize("seed", seeds(3, 12))
def test_values_of_no_example_are_neither_accused_nor_right(seed: int) -> None:
    head, outputs, _ = batch(seed)
    off = [value + 0.0417 for value in outputs[0]]
    for heading in ("Example 1:\n", ""):
        assert [v[0] for v in verdicts(f"{head}{heading}yhat = {shown(off)}").values()] == ["undecided"]
