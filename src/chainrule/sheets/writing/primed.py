"""Primes that may mean a derivative as well as a new value."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.formula.tree import Call, Expr, Ref, Symbol, Timed, refs
from chainrule.network.names import Quantity

PRIME = "its prime may mean a derivative as well as a new value"


def by_prime(trees: Sequence[Expr | None]) -> str:
    """Why a line is in doubt whose prime may mean a derivative: ``h' = h (1 - h)``, ``sigmoid'(h) = h (1 - h)``.

    Args:
        trees: of its parts, the subject first.
    """
    subject, formula = (trees[0], trees[1]) if len(trees) > 1 else (None, None)
    if formula is None:
        return ""
    if isinstance(subject, Call) and subject.function.endswith("'") and len(subject.arguments) == 1:
        inner = subject.arguments[0]
        return PRIME if isinstance(inner, Ref) and inner.name in refs(formula) else ""
    name = subject.name if isinstance(subject, Ref) else None
    before: Symbol | None = name.name if isinstance(name, Timed) and name.after == 1 else None
    before = name[:-1] if isinstance(name, str) and name.endswith("'") else before
    is_parameter = isinstance(before, Quantity) and before.symbol in "Wb"
    return PRIME if before is not None and not is_parameter and before in refs(formula) else ""
