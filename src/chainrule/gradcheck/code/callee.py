"""A stranger's function with what its parameters mean, and what they are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import InputError
from chainrule.gradcheck.code.instance import Weights
from chainrule.gradcheck.code.roles import KNOWN, Role, roles_of, told, value_label
from chainrule.gradcheck.code.values import CallValues

ADAPTER = "an adapter, def adapter(network, x, y): …, which calls it and returns the gradients"
#: parameters whose own default is kept
_OWN_DEFAULT = ("activation", "rate", "sizes", "depth")


@dataclass(frozen=True, eq=False)
class Callee:
    """A function with the roles of its parameters; of a method without ``self``.

    Attributes:
        name: ``backward``, or ``Net.backward``. method: it takes an object first.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]
    roles: dict[str, Role]
    method: bool

    @classmethod
    def of(cls, name: str, function: Any, depth: int, *, constructor: bool = False) -> Callee:
        """A function by the names of its parameters."""
        method = "." in name and not isinstance(function, staticmethod)
        function = getattr(function, "__func__", function)
        try:
            own = list(inspect.signature(function).parameters.values())[int(method) :]
        except (TypeError, ValueError):  # it is no function of Python
            own = []
        named = tuple(p for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
        roles = roles_of([p.name for p in named], depth, constructor=constructor)
        if Role("b") not in roles.values():  # weights that hold the biases too
            roles = {name: Role("params") if role == Role("W") else role for name, role in roles.items()}
        return cls(name, function, named, roles, method)

    @property
    def unknown(self) -> list[str]:
        """Parameters that are not understood and that it needs."""
        return [p.name for p in self.parameters if p.name not in self.roles and p.default is p.empty]

    @property
    def kinds(self) -> set[str]:
        """The kinds of what it is given; an object is given its weights."""
        return {role.kind for role in self.roles.values()} | ({"W", "b"} if self.method else set())

    @property
    def may_hold_weights(self) -> bool:
        """Whether what it takes for all parameters may be the weights alone."""
        return any(role.kind == "params" and value_label(name) is not None for name, role in self.roles.items())

    @property
    def may_be_single(self) -> bool:
        """Whether it may be meant for one example although it takes several: it takes ``x``, and no ``X``."""
        return any(role.kind == "x" and name in ("x", "xi", "a0", "input") for name, role in self.roles.items())

    @property
    def likelihood(self) -> tuple[bool, bool, int]:
        """The likelier backward pass has the smaller one: an adapter, what says so, what takes most."""
        own = self.name.rpartition(".")[2].lower()
        return (own != "adapter", not own.startswith(("back", "l_model_back")), -len(self.parameters))

    def refusal(self, title: str) -> InputError:
        """The sentence about what is not understood."""
        return InputError(
            title, f"parameters such as {KNOWN}, or {ADAPTER}",
            f"{', '.join(self.unknown) or 'no targets'} of {self.name}, not understood (understood: "
            f"{told([p.name for p in self.parameters], self.roles)})",
        )  # fmt: skip

    def arguments(self, values: CallValues, own: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The value of each parameter; of the stranger's own forward pass where ``own`` has it."""
        given = {}
        for parameter in self.parameters:
            role = self.roles.get(parameter.name)
            if role is None or (role.kind in _OWN_DEFAULT and parameter.default is not parameter.empty):
                continue
            given[parameter.name] = own[role.kind] if own and role.kind in own else values.of(role)
        return given

    def keep(self, given: dict[str, Any], weights: Weights) -> None:
        """Remember the weights among what it is given, which it may step."""
        for name, role in self.roles.items():
            if role.kind in ("W", "b") and role.layer is not None:
                weights.keep(f"{role.kind}{role.layer}", given, name)
            elif role.kind in ("W", "b"):
                for i in range(len(given[name])):
                    weights.keep(f"{role.kind}{i + 1}", given[name], i)
            elif role.kind == "params" and isinstance(given[name], dict):
                for key in given[name]:
                    weights.keep(key, given[name], key)
