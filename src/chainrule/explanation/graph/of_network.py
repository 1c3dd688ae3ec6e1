"""A network as a graph of formulas, in its own names, for one example: ``a_11 = W_111*x_1 + W_112*x_2 + b_11``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation import rules
from chainrule.explanation.graph.functions import BY_FORMULA, FUNCTIONS
from chainrule.explanation.graph.tokens import plain_name
from chainrule.formula import text
from chainrule.formula.tree import Ref
from chainrule.network.backward import read_targets
from chainrule.network.forward import forward
from chainrule.network.network import Network

MOST_PARAMETERS = 5_000


def network_formulas(network: Network, x: Any, y: Any = None) -> str:
    """The formulas of a network with one example, its loss last, a line each; all numbers stand in them.

    Args:
        x: (d,). y: as for ``Network.backward``; None leaves the loss out.

    Raises:
        InputError: several examples, a network of too many parameters, input that does not fit.
    """
    if network.flat.size > MOST_PARAMETERS:
        raise InputError("network", f"at most {MOST_PARAMETERS} parameters to write out", str(network.flat.size))
    f = forward(network, x)
    if not f.single:
        raise InputError("x", "one example", f"{f.n}")
    lines = [*_numbers("x", None, f.x[0])]
    for i in range(1, network.depth + 1):
        lines += [*_numbers("W", i, network.weights[i - 1]), *_numbers("b", i, network.biases[i - 1])]
        lines += _layer(network, i)
    if y is not None or network.loss == "identity":
        targets, coefficients = read_targets(f, y, None)
        lines += _numbers("y", None, targets[0])
        lines.append(f"L = {_loss(network)}" + (f"*{float(coefficients[0])!r}" if coefficients[0] != 1 else ""))
    return "\n".join(lines)


def _layer(network: Network, i: int) -> Iterator[str]:
    """The formulas of a layer's pre-activations and activations."""
    width, before = network.sizes[i], network.sizes[i - 1]
    for m in range(1, width + 1):
        terms = [f"{_name('W', i, m, j)}*{_unit(network, i - 1, j)}" for j in range(1, before + 1)]
        yield f"{_name('a', i, m)} = {' + '.join([*terms, _name('b', i, m)])}"
    rule = network.rule(i)
    powers = " + ".join(f"exp({_name('a', i, m)})" for m in range(1, width + 1))
    for m in range(1, width + 1):
        a, h = _name("a", i, m), _unit(network, i, m)
        if rule is None:
            yield f"{h} = exp({a})/({powers})"
        elif rule.name in FUNCTIONS or rule.name in BY_FORMULA:
            yield f"{h} = {rule.name}({a})"
        else:
            yield f"{h} = {text(rules.value(rule, Ref(a))[0])}"


def _loss(network: Network) -> str:
    outputs = range(1, network.sizes[-1] + 1)
    p = [Ref(_unit(network, network.depth, o)) for o in outputs]
    y = [Ref(_name("y", None, o)) for o in outputs]
    return f"({text(rules.loss_value(network.loss_rule, None, p, y, p)[0])})"


def _numbers(symbol: str, layer: int | None, array: Any) -> Iterator[str]:
    for place, value in np.ndenumerate(np.asarray(array, dtype=float)):
        yield f"{_name(symbol, layer, *(i + 1 for i in place))} = {float(value)!r}"


def _unit(network: Network, layer: int, unit: int) -> str:
    """h_im; of layer 0 it is x, of the last yhat."""
    if layer == 0:
        return _name("x", None, unit)
    return _name("yhat", None, unit) if layer == network.depth else _name("h", layer, unit)


def _name(symbol: str, layer: int | None, *index: int) -> str:
    """A name of the network as the graph writes it: with numbers above 9 in braces."""
    numbers = index if layer is None else (layer, *index)
    return plain_name(f"{symbol}_{{{','.join(map(str, numbers))}}}")
