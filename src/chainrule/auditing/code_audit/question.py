"""What code is tried on: the networks that may be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.code.drawn import CodeCase, drawn_cases
from chainrule.network import checks
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.network import Network

SECONDS = 30.0
#: output -> losses, the first of which it is usually meant with; which one the code has is found out
_LOSSES = {"softmax": ("cross_entropy",), "sigmoid": ("binary_cross_entropy",)}
_OUTPUTS = ("softmax", "sigmoid", "identity", "tanh")
_SQUARES = ("half_squared_error", "squared_error", "mean_squared_error")
_HIDDEN = ("sigmoid", "relu", "tanh")
MIXED = 3  # hidden layers of which each may have its own activation


@dataclass(frozen=True)
class CodeQuestion:
    """The networks on which code is tried; what is None is found out.

    Attributes:
        layers: units of each layer, the inputs first.
        hidden, output, loss, reduction: as of ``Network``.
        seed: of the numbers that are drawn. tolerance: as of ``audit_gradients``.
        seconds: after so many the process is ended.
    """

    layers: Sequence[int] = (4, 5, 3)
    hidden: str | Sequence[str] | None = None
    output: str | None = None
    loss: str | None = None
    reduction: str | None = None
    seed: int = 0
    seconds: float = SECONDS
    tolerance: float | None = None

    def _losses(self, output: str) -> tuple[str, ...]:
        if self.loss:
            return (self.loss,)
        return _LOSSES["softmax"] if output == "softmax" else (*_LOSSES.get(output, ()), *_SQUARES)

    def drawn(self) -> tuple[list[Network], tuple[CodeCase, ...]]:
        """Every network that may be meant, the likeliest first, and the cases.

        Raises:
            InputError: what no network has.
        """
        if not isinstance(self.layers, (Sequence, np.ndarray)) or isinstance(self.layers, str):
            raise InputError("layers", "units of each layer, the inputs first, such as [4, 5, 3]", repr(self.layers))
        if self.tolerance is not None:
            checks.not_negative("tolerance", self.tolerance)
        if not (np.isfinite(self.seconds) and self.seconds > 0):
            raise InputError("seconds", "a number above 0", str(self.seconds))
        networks = list(self._networks(_HIDDEN if self.finds_hidden else (self.hidden or _HIDDEN[0],)))
        return networks, drawn_cases(networks[0], self.seed)

    @property
    def finds_hidden(self) -> bool:
        """Whether the activation of hidden layers is to be found."""
        return self.hidden is None and len(self.layers) > 2

    def others(self) -> Iterator[Network]:
        """Networks that may be meant where none of the usual ones fits: another activation, or each layer its own."""
        if not self.finds_hidden:
            return
        yield from self._networks(tuple(name for name in ACTIVATIONS if name not in _HIDDEN))
        if 1 < (count := len(self.layers) - 2) <= MIXED:
            yield from self._networks(tuple(one for one in product(_HIDDEN, repeat=count) if len(set(one)) > 1))

    def _networks(self, hidden: Sequence[str | Sequence[str]]) -> Iterator[Network]:
        """Those with each of these activations.

        Raises:
            InputError: what no network has.
        """
        single = len(self.layers) > 0 and self.layers[-1] == 1  # softmax of one unit is 1
        usual = _OUTPUTS[1:] if single else _OUTPUTS
        outputs = usual if self.output is None else (self.output,)
        rules = [(output, loss) for output in outputs for loss in self._losses(output)]
        reductions = ("mean", "sum") if self.reduction is None else (self.reduction,)
        seen = False
        for (out, loss), h, r in product(rules, hidden, reductions):
            try:
                network = Network.random(self.layers, h, out, loss, r, seed=self.seed)
            except InputError:  # the loss that is asked for goes with other outputs
                if self.output is not None or (not seen and (out, loss) == rules[-1]):
                    raise
                continue
            seen = True
            yield network
