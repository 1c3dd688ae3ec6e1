"""A stranger's function with what its parameters mean, and what they are given."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.code.instance import Weights
from chainrule.gradcheck.code.roles import KNOWN, Role, roles_of, told, value_label
from chainrule.gradcheck.code.values import CallValues

ADAPTER = "an adapter, def adapter(network, x, y): …, which calls it and returns the gradients"
#: parameters whose own default is kept
_OWN_DEFAULT = ("activation", "rate", "sizes", "depth")
#: what says all weights, of a parameter or of a name of the module
_WEIGHTS = {"W", "params", "flat", "network"}
#: what no weights are computed from: beside it a function must have some
_VALUES = {"cache", "a", "h", "yhat"}
#: what is switched off where it can be
_OFF = {"zero": 0.0, "drop": 0.0, "one": 1.0}


@dataclass(frozen=True, eq=False)
class Callee:
    """A function with the roles of its parameters; of a method without ``self``.

    Attributes:
        name: ``backward``, or ``Net.backward``. method: it takes an object first.
        outside: the names of its module that are its weights, where no parameter is.
        reads: all names of its module that it reads or sets.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]
    roles: dict[str, Role]
    method: bool
    outside: dict[str, Role] = field(default_factory=dict)
    reads: tuple[str, ...] = ()

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
        outside, reads = {}, () if method else tuple(_outside(function))
        if not method and _WEIGHTS.isdisjoint(role.kind for role in roles.values()):
            outside = {name: role for name, role in roles_of(reads, depth).items()
                       if role.kind in ("W", "b", "params") and name not in roles}  # fmt: skip
            if not any(role.kind in ("W", "params") for role in outside.values()):
                outside = {}  # a name such as B alone says something else
        if Role("b") not in (*roles.values(), *outside.values()):  # weights that hold the biases too
            roles, outside = _all_in_one(roles), _all_in_one(outside)
        roles = {p.name: roles[p.name] for p in named if p.name in roles}
        return cls(name, function, named, roles, method, outside, reads)

    @property
    def unknown(self) -> list[str]:
        """Parameters that are not understood and that it needs."""
        return [p.name for p in self.parameters if p.name not in self.roles and p.default is p.empty]

    @property
    def kinds(self) -> set[str]:
        """The kinds of what it is given; an object is given its weights."""
        roles = (*self.roles.values(), *self.outside.values())
        return {role.kind for role in roles} | ({"W", "b"} if self.method else set())

    @property
    def has_weights(self) -> bool:
        """Whether it is given weights, or values that are made of them."""
        return not self.kinds.isdisjoint(_WEIGHTS | _VALUES)

    @property
    def may_hold_biases(self) -> bool:
        """Whether it is given weights that may hold the biases: an object may have such too."""
        return self.method or ("b" not in self.kinds and ("W" in self.kinds or self.may_hold_weights))

    @property
    def has_penalty(self) -> bool:
        """Whether a parameter says how large a penalty is, and has a default of its own other than 0."""
        return any(role.kind == "zero" and self._default(name) not in (None, 0) for name, role in self.roles.items())

    @property
    def switched_off(self) -> Iterator[str]:
        """What its parameters are given that is not their own default: ``reg 0``."""
        for name, role in self.roles.items():
            if role.kind in _OFF and (given := _OFF[role.kind]) != self._default(name):
                yield f"{name} {given:g}"

    def _default(self, name: str) -> Any:
        """The default of a parameter, a number, else None."""
        found = next(p.default for p in self.parameters if p.name == name)
        return found if isinstance(found, int | float) else None

    @property
    def may_hold_weights(self) -> bool:
        """Whether what it takes for all parameters may be the weights alone."""
        roles = (*self.roles.items(), *self.outside.items())
        return any(role.kind == "params" and value_label(name) is not None for name, role in roles)

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
        """The sentence about what is not understood, or missing."""
        if not self.unknown and ("y" in self.kinds or self.method):
            due = "weights, as parameters (W1, b1, …, params) or names of its module that it reads, or " + ADAPTER
            return InputError(
                title, due, f"none: {self.name} takes {told([p.name for p in self.parameters], self.roles)}"
            )
        return InputError(
            title, f"parameters such as {KNOWN}, or {ADAPTER}",
            f"{', '.join(self.unknown) or 'no targets'} of {self.name}, not understood (understood: "
            f"{told([p.name for p in self.parameters], self.roles)})",
        )  # fmt: skip

    def arguments(
        self, values: CallValues, own: Mapping[str, Any] | None = None, penalty: bool = False
    ) -> dict[str, Any]:
        """The value of each parameter; of the stranger's own forward pass where ``own`` has it.

        Args:
            penalty: keep the defaults that say how large a penalty is.
        """
        kept = (*_OWN_DEFAULT, "zero") if penalty else _OWN_DEFAULT
        given = {}
        for parameter in self.parameters:
            role = self.roles.get(parameter.name)
            if role is None or (role.kind in kept and parameter.default is not parameter.empty):
                continue
            given[parameter.name] = own[role.kind] if own and role.kind in own else values.of(role)
        return given

    @property
    def module(self) -> dict[str, Any]:
        """What those names hold."""
        names = getattr(inspect.unwrap(self.function), "__globals__", {})
        return {name: names[name] for name in self.reads if name in names}

    @contextmanager
    def in_its_module(self, values: CallValues, weights: Weights) -> Iterator[None]:
        """The weights under the names of its module that it reads, for as long as it runs."""
        names = getattr(inspect.unwrap(self.function), "__globals__", {}) if self.outside else {}
        before = {name: names[name] for name in self.outside if name in names}
        names.update({name: values.of(role) for name, role in self.outside.items()})
        self._keep(self.outside, names, weights)
        try:
            yield
        finally:
            for name in self.outside:
                names.pop(name, None)
            names.update(before)

    def keep(self, given: dict[str, Any], weights: Weights) -> None:
        """Remember the weights among what it is given, which it may step."""
        self._keep(self.roles, given, weights)

    def _keep(self, roles: Mapping[str, Role], given: dict[str, Any], weights: Weights) -> None:
        for name, role in roles.items():
            if role.kind in ("W", "b") and role.layer is not None:
                weights.keep(f"{role.kind}{role.layer}", given, name)
            elif role.kind in ("W", "b"):
                for i in range(len(given[name])):
                    weights.keep(f"{role.kind}{i + 1}", given[name], i)
            elif role.kind == "params" and isinstance(given[name], dict):
                for key in given[name]:
                    weights.keep(key, given[name], key)


def _all_in_one(roles: dict[str, Role]) -> dict[str, Role]:
    return {name: Role("params") if role == Role("W") else role for name, role in roles.items()}


def _outside(function: Any) -> list[str]:
    """The names of its module that a function reads or sets, and those that it calls there; no functions or modules."""
    names: dict[str, None] = {}
    space: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    seen: set[CodeType] = set()

    def read(code: CodeType) -> None:
        if code in seen:
            return
        seen.add(code)
        for one in dis.get_instructions(code):
            if one.opname in ("LOAD_GLOBAL", "STORE_GLOBAL") and isinstance(one.argval, str):
                value = space.get(one.argval)
                if inspect.isfunction(value) and value.__globals__ is space:
                    read(value.__code__)
                elif value is None or isinstance(value, np.ndarray | list | tuple | dict | float | int):
                    names[one.argval] = None
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                read(constant)

    if (own := getattr(inspect.unwrap(function), "__code__", None)) is not None:
        read(own)
    return sorted(names)
