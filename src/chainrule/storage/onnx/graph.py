"""An ONNX graph in the making, and the network's equations as its nodes.

Plain operators only, so that float64 runs too (onnxruntime has no float64 kernel of Erf, Elu, LeakyRelu and
Softplus) and so that small values keep their digits (its Sigmoid gives 0 below -18).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import __version__
from chainrule.errors import InputError
from chainrule.formula import parse
from chainrule.formula.tree import Add, Call, Div, Expr, Mul, Neg, Number, Pow, Ref
from chainrule.network.activations import ACTIVATIONS, LEAK
from chainrule.network.arrays import Array
from chainrule.network.network import Network

if TYPE_CHECKING:
    import onnx

#: of February 2023: every operator used here has kept its meaning since, and runtimes of that age and later read it
#: (onnxruntime 1.14, TensorRT 8.6, OpenVINO 2023); IR version 8 is the one that came with it
OPSET = 18
IR_VERSION = 8
ML_OPSET = 3

_PRODUCER = "chainrule"


class OnnxGraph:
    """A graph in the making: ``g("Mul", a, 0.5)`` adds a node and returns its output's name; floats become constants.

    Args:
        dtype: float32 or float64, the type of all numbers.
        prefix: of every name but those of inputs and outputs, for a graph that goes into another.
    """

    def __init__(self, dtype: np.dtype[Any], prefix: str = "") -> None:
        self.onnx = _onnx()
        self.dtype = dtype
        self.kind: int = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self.TEXT: int = self.onnx.TensorProto.STRING
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._prefix = prefix
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._taken = {"yhat", "label"}
        self._constants: dict[float, str] = {}

    def __call__(self, op: str, *inputs: str | float, domain: str = "", **attributes: Any) -> str:
        """One node with one output, by its name."""
        names = [self._constant(value) if isinstance(value, float) else value for value in inputs]
        output = self._fresh(op.lower())
        self.nodes.append(self.onnx.helper.make_node(op, names, [output], domain=domain, **attributes))
        return output

    def array(self, name: str, value: Array) -> str:
        """An initializer of numbers in the graph's type (whole numbers stay), by its name."""
        value = np.asarray(value, self.dtype if value.dtype.kind == "f" else value.dtype)
        name = self._fresh(name)
        self.initializers.append(self.onnx.numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def texts(self, name: str, values: Sequence[str]) -> str:
        """An initializer of strings, by its name."""
        name = self._fresh(name)
        encoded = [value.encode() for value in values]
        self.initializers.append(self.onnx.helper.make_tensor(name, self.TEXT, [len(encoded)], encoded))
        return name

    def takes(self, name: str, width: int, kind: int | None = None) -> str:
        """An input (n, width); its name gets a ``_`` where it is taken."""
        while not name or name in self._taken:
            name += "_"
        self._taken.add(name)
        self._inputs.append(self.onnx.helper.make_tensor_value_info(name, kind or self.kind, ["n", width]))
        return name

    def gives(self, name: str, value: str, kind: int, *shape: int) -> None:
        """An output: the value that the last node gives, under this name."""
        self.rename(value, name)
        self._outputs.append(self.onnx.helper.make_tensor_value_info(name, kind, ["n", *shape]))

    def rename(self, value: str, name: str) -> None:
        """Give the last node's output another name."""
        assert list(self.nodes[-1].output) == [value]
        self.nodes[-1].output[0] = name

    def named(self, value: str, name: str) -> str:
        """The same with a name that is not taken yet, which is returned."""
        name = self._fresh(name)
        self.rename(value, name)
        return name

    def model(self, about: dict[str, str]) -> onnx.ModelProto:
        """All of it, with ``about`` as its metadata."""
        helper = self.onnx.helper
        opsets = [helper.make_opsetid("", OPSET)]
        opsets += [helper.make_opsetid(domain, ML_OPSET) for domain in sorted({n.domain for n in self.nodes} - {""})]
        graph = helper.make_graph(self.nodes, _PRODUCER, self._inputs, self._outputs, self.initializers)
        made: onnx.ModelProto = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=_PRODUCER, producer_version=__version__
        )
        helper.set_model_props(made, about)
        return made

    def _constant(self, value: float) -> str:
        if value not in self._constants:
            self._constants[value] = self.array("constant", np.array(value))
        return self._constants[value]

    def _fresh(self, name: str) -> str:
        wanted, tried = f"{self._prefix}{name}", 1
        name = wanted
        while name in self._taken:
            tried += 1
            name = f"{wanted}_{tried}"
        self._taken.add(name)
        return name


def _onnx() -> Any:
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError:
        raise InputError("ONNX export", "the package onnx (pip install 'chainrule[onnx]')", "none") from None
    return onnx


Rule = Callable[[OnnxGraph, Any], str]


def propagate(g: OnnxGraph, network: Network, x: str) -> str:
    """The nodes of all layers, forward.pre and forward.act, named as in the notes (W_1, b_1, a_1, h_1, …)."""
    h = x
    rules = (*network.hidden, network.output)
    for i, (W, b, name) in enumerate(zip(network.weights, network.biases, rules, strict=True), 1):
        a = g("Gemm", h, g.array(f"W_{i}", W), g.array(f"b_{i}", b), transB=1)
        h = g.named(_rule(name)(g, g.named(a, f"a_{i}")), f"h_{i}")
    return h


def _rule(name: str) -> Rule:
    """The rule of an output function: its row below, else that of its formula in the table of activations.

    Raises:
        InputError: neither is there.
    """
    if name in RULES:
        return RULES[name]
    if name not in ACTIVATIONS:
        raise InputError("ONNX export", f"a function of {', '.join({**RULES, **ACTIVATIONS})}", repr(name))
    return partial(_formula, parse(ACTIVATIONS[name].formula))


def _formula(tree: Expr, g: OnnxGraph, a: str) -> str:
    """A formula's nodes, as it stands: a rule of its own keeps more digits where terms cancel or overflow."""

    def value(part: Expr) -> str | float:
        match part:
            case Number(value=number):
                return float(number)
            case Ref():
                return a
            case Neg(item=item):
                return g("Neg", value(item))
            case Add(terms=parts) | Mul(factors=parts):
                op = "Add" if isinstance(part, Add) else "Mul"
                return reduce(lambda one, other: g(op, one, other), map(value, parts))
            case Div(top=top, bottom=bottom):
                return g("Div", value(top), value(bottom))
            case Pow(base=base, exponent=exponent):
                return g("Pow", value(base), value(exponent))
            case Call(function=name, arguments=arguments) if name in _OPERATORS:
                return g(_OPERATORS[name], *map(value, arguments))
            case Call(function=name, arguments=(item,)):
                given = value(item)
                if name == "Phi":
                    return _normal_cdf(g, given)
                return _rule("sigmoid" if name == "sigma" else name)(g, given)
        raise InputError("ONNX export", "a formula of sums, products, powers and functions", str(part))

    return str(value(tree))


#: functions of a formula that are operators of ONNX
_OPERATORS = {"exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "tanh": "Tanh", "max": "Max", "min": "Min"}


def _one_plus_exp(g: OnnxGraph, a: str) -> str:
    """1 + e^-a, infinite where e^-a overflows: what is divided by it is then 0, as it should be."""
    return g("Add", g("Exp", g("Neg", a)), 1.0)


def _elu(g: OnnxGraph, a: str) -> str:
    """max(0, a) + e^z - 1 with z = min(0, a), where e^z - 1 = tanh(z/2) (e^z + 1) does not cancel."""
    z = g("Min", a, 0.0)
    expm1 = g("Mul", g("Tanh", g("Mul", z, 0.5)), g("Add", g("Exp", z), 1.0))
    return g("Add", g("Relu", a), expm1)


def _softplus(g: OnnxGraph, a: str) -> str:
    """max(0, a) + log(1 + e), e = e^-|a|; what u = 1 + e lost of e is added to the log: (e - (u - 1)) / u."""
    e = g("Exp", g("Neg", g("Abs", a)))
    u = g("Add", e, 1.0)
    lost = g("Div", g("Sub", e, g("Sub", u, 1.0)), u)
    return g("Add", g("Relu", a), g("Add", g("Log", u), lost))


def _gelu(g: OnnxGraph, a: str) -> str:
    """a Phi(a): by Erf in float32, in float64 by ``_normal_cdf``, as onnxruntime has no float64 Erf."""
    if g.dtype == np.float32:
        return g("Mul", g("Mul", a, 0.5), g("Add", g("Erf", g("Mul", a, 0.5**0.5)), 1.0))
    return g("Mul", a, _normal_cdf(g, a))


def _normal_cdf(g: OnnxGraph, a: str | float) -> str:
    """Phi(a) by its tail erfc(z)/2 = e^(-z^2) p(t) / (1 + 2z), z = |a|/sqrt 2, t = 1 - 2c/(z + c).

    After Shepherd & Laframboise 1981, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity".
    """
    z = g("Mul", g("Abs", a), 0.5**0.5)
    t = g("Sub", 1.0, g("Div", 2 * _CENTRE, g("Add", z, _CENTRE)))
    first, *rest = _erfc_polynomial()
    p: str | float = first
    for coefficient in rest:
        p = g("Add", g("Mul", p, t), coefficient)
    density = g("Mul", g("Exp", g("Neg", g("Mul", z, z))), 0.5)
    tail = g("Div", g("Mul", density, p), g("Add", g("Mul", z, 2.0), 1.0))
    return g("Where", g("Less", a, 0.0), tail, g("Sub", 1.0, tail))


_CENTRE = 3.75
_DEGREE = 22


@cache
def _erfc_polynomial() -> tuple[float, ...]:
    """Coefficients of (1 + 2z) e^(z^2) erfc(z) in t = (z - c)/(z + c), the highest power first."""
    from scipy.fft import dct
    from scipy.special import erfcx

    angle = (np.arange(_DEGREE + 1) + 0.5) * np.pi / (_DEGREE + 1)
    z = _CENTRE / np.tan(angle / 2) ** 2
    series = dct((1 + 2 * z) * erfcx(z)) / (_DEGREE + 1)
    series[0] /= 2
    return tuple(map(float, np.polynomial.chebyshev.cheb2poly(series)[::-1]))


#: one row an output function, with the digits of the table's own; an activation without a row goes by its formula
RULES: dict[str, Rule] = {
    "softmax": lambda g, a: g("Softmax", a, axis=1),
    "identity": lambda g, a: g("Identity", a),
    "sigmoid": lambda g, a: g("Reciprocal", _one_plus_exp(g, a)),
    "tanh": lambda g, a: g("Tanh", a),
    "relu": lambda g, a: g("Relu", a),
    "leaky_relu": lambda g, a: g("Max", g("Mul", a, LEAK), a),
    "elu": _elu,
    "gelu": _gelu,
    "silu": lambda g, a: g("Div", a, _one_plus_exp(g, a)),
    "softplus": _softplus,
    "exp": lambda g, a: g("Exp", a),
}
