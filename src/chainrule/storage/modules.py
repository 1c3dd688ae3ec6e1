"""Networks from PyTorch modules: a feed-forward ``nn.Sequential`` with its activations and its loss.

PyTorch is not imported: a layer is known by the name of its class and by its attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from chainrule.errors import InputError
from chainrule.network.activations import LEAK
from chainrule.network.losses import LOSSES
from chainrule.network.network import Network
from chainrule.storage.importers import as_floats, dense_network

_WHAT = "a feed-forward nn.Sequential of Linear, Flatten, Dropout in eval and activations"
#: layers that change nothing
_NOTHING = ("Identity", "Flatten")
_DROPOUT = ("Dropout", "AlphaDropout", "FeatureAlphaDropout")


def _leaky(layer: Any) -> str:
    return "leaky_relu" if layer.negative_slope == LEAK else f"leaky_relu({layer.negative_slope:.12g})"


def _only(name: str, attribute: str, value: Any) -> Callable[[Any], str]:
    """An activation that is ours at one setting only."""

    def named(layer: Any) -> str:
        given = getattr(layer, attribute, value)
        if given != value:
            raise InputError(f"layer {type(layer).__name__}", f"{attribute}={value!r}", repr(given))
        return name

    return named


#: class of a layer -> our name of the activation
_ACTIVATIONS: dict[str, Callable[[Any], str]] = {
    "ReLU": lambda layer: "relu",
    "Sigmoid": lambda layer: "sigmoid",
    "Tanh": lambda layer: "tanh",
    "LeakyReLU": _leaky,
    "ELU": _only("elu", "alpha", 1.0),
    "GELU": _only("gelu", "approximate", "none"),
    "SiLU": lambda layer: "silu",
    "Softplus": _only("softplus", "beta", 1.0),
}
_SOFTMAX = ("Softmax", "LogSoftmax")


class _TorchLoss(NamedTuple):
    """One of PyTorch's losses: ours, the function that it contains, and whether it is the mean over the outputs too."""

    loss: str
    contains: str = ""
    mean_outputs: bool = True


_LOSSES = {
    "CrossEntropyLoss": _TorchLoss("cross_entropy", "softmax", False),
    "NLLLoss": _TorchLoss("cross_entropy", "", False),
    "BCEWithLogitsLoss": _TorchLoss("binary_cross_entropy", "sigmoid"),
    "BCELoss": _TorchLoss("binary_cross_entropy"),
    "MSELoss": _TorchLoss("mean_squared_error", "", False),
    "L1Loss": _TorchLoss("absolute_error"),
    "HuberLoss": _TorchLoss("huber"),
    "SmoothL1Loss": _TorchLoss("huber"),
}
#: the loss that goes with what a module ends in where none is named
_USUAL = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


def from_module(module: Any, loss: Any = None) -> Network:
    """A network of a PyTorch module, with its parameters, its activations and the loss of its training.

    Args:
        module: a feed-forward ``nn.Sequential``, nested or not, of ``Linear``, ``Flatten``, activations, ``Dropout``
            in eval, at the end ``Softmax`` or ``LogSoftmax`` (yhat is then the probability itself).
        loss: of ours (``cross_entropy``), or one of PyTorch's (``nn.CrossEntropyLoss()``, or its name), which may
            contain the last function: softmax in CrossEntropyLoss, sigmoid in BCEWithLogitsLoss. None: cross_entropy
            after softmax, binary_cross_entropy after sigmoid, else mean_squared_error, as ``nn.MSELoss``.

    Raises:
        InputError: another layer, one in another place, a loss that is not the module's.

    >>> class Linear:
    ...     weight, bias = np.array([[0.5, -0.6]]), np.array([0.1])
    >>> class Sequential(list):
    ...     pass
    >>> cr.from_module(Sequential([Linear()]), "BCEWithLogitsLoss")
    Network(2-1, hidden=none, output=sigmoid, loss=binary_cross_entropy, mean, float64)
    """
    chain: list[tuple[str, Any, str, Any]] = []
    hidden: list[str] = []
    for place, layer in _layers(module, ""):
        kind = type(layer).__name__
        if kind == "Linear":
            if len(hidden) < len(chain):
                hidden.append("identity")
            bias = getattr(layer, "bias", None)
            chain.append(
                (f"layer {place} (Linear)", as_floats(f"layer {place}: weight", layer.weight), f"layer {place}: bias",
                 None if bias is None else as_floats(f"layer {place}: bias", bias))
            )  # fmt: skip
            continue
        rule = _activation(place, layer)
        if not rule:
            continue
        if len(hidden) >= len(chain):
            raise InputError(f"layer {place} ({kind})", "a Linear layer before each activation", "none")
        hidden.append(rule)
    if not chain:
        raise InputError("module", _WHAT, "no Linear layer in it")
    output = hidden.pop() if len(hidden) == len(chain) else ""
    if "softmax" in hidden:
        raise InputError("module", "Softmax and LogSoftmax as its last layer", "one before the last Linear layer")
    units = chain[-1][1].shape[0]
    name, contains, reduction = _loss(loss, output, units)
    network = dense_network("module", chain, hidden or "identity", contains or output or "identity", name, by_rows=True)
    return network.summed() if reduction == "sum" else network


def _layers(module: Any, place: str) -> Iterator[tuple[str, Any]]:
    """The layers of a Sequential in order, with their places: ``0``, ``1.0``."""
    kinds = [kind.__name__ for kind in type(module).__mro__]
    if "Sequential" not in kinds:
        if not place or list(getattr(module, "children", tuple)()):
            raise InputError(f"layer {place}" if place else "module", _WHAT, kinds[0])
        yield place, module
        return
    for i, layer in enumerate(module):
        yield from _layers(layer, f"{place}.{i}" if place else str(i))


def _activation(place: str, layer: Any) -> str:
    """Our name of a layer's activation, "" for one that changes nothing."""
    kind = type(layer).__name__
    if kind in _NOTHING:
        return ""
    if kind in _DROPOUT:
        if getattr(layer, "training", False) and getattr(layer, "p", 0.5) > 0:
            raise InputError(f"layer {place} ({kind})", "Dropout in eval: call module.eval() first", "one in training")
        return ""
    if kind in _SOFTMAX:
        if getattr(layer, "dim", None) not in (None, 1, -1):
            raise InputError(f"layer {place} ({kind})", "dim=1 or dim=-1, the outputs", f"dim={layer.dim}")
        return "softmax"
    if kind not in _ACTIVATIONS:
        known = ", ".join(("Linear", *_NOTHING, "Dropout", *_ACTIVATIONS, *_SOFTMAX))
        raise InputError(f"layer {place}", f"one of {known}", kind)
    return _ACTIVATIONS[kind](layer)


def _loss(given: Any, output: str, units: int) -> tuple[str, str, str]:
    """(our loss, the function that it contains or "", its reduction); ``output``: "" where none is at the end."""
    if given is None:
        return _USUAL.get(output, "mean_squared_error"), "", "mean"
    kind = given if isinstance(given, str) else type(given).__name__
    if kind in LOSSES:
        contains = "softmax" if kind == "cross_entropy" and not output and units > 1 else ""
        contains = "sigmoid" if kind == "binary_cross_entropy" and not output else contains
        return kind, contains, "mean"
    row = _LOSSES.get(kind)
    if row is None:
        raise InputError("loss", f"one of {', '.join((*LOSSES, *_LOSSES))}", repr(kind))
    reduction = getattr(given, "reduction", "mean")
    if reduction not in ("mean", "sum"):
        raise InputError(f"loss {kind}", "reduction mean or sum", repr(reduction))
    if row.contains and output:
        meant = f"a module that ends in logits: {kind} contains {row.contains}"
        raise InputError(f"loss {kind}", meant, f"one that ends in {output}")
    if row.mean_outputs and reduction == "mean" and units > 1:
        meant = f"reduction='sum', or one output: the mean over outputs and examples is 1/{units} of the loss here"
        raise InputError(f"loss {kind}", meant, f"the mean over {units} outputs")
    if kind == "MSELoss" and reduction == "sum":
        return "squared_error", "", "sum"
    return row.loss, row.contains, reduction
