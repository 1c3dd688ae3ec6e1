"""The formulas of activations, outputs, losses and pairs as trees, from the texts in their tables.

Where the textbook's formula loses its digits (h(1 - h) near 1, log of a probability that is 0), a second
formula of the same value stands behind it; the first that gives the right number is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from chainrule.formula import parse
from chainrule.formula.tree import (
    Add,
    Call,
    Div,
    Expr,
    Hadamard,
    Mul,
    Neg,
    Number,
    Symbol,
    Transpose,
    children,
    refs,
    substitute,
    with_children,
)
from chainrule.network.activations import Activation
from chainrule.network.losses import Loss
from chainrule.network.pairs import Pair

ONE = Number(1.0)


@lru_cache
def formula(written: str) -> Expr:
    """A formula of a table, in its own letters."""
    return parse(written, "free")


def _filled(written: str, letters: dict[str, Expr]) -> Expr:
    def replace(name: Symbol) -> Expr | None:
        return letters.get(name) if isinstance(name, str) else None

    return substitute(formula(written), replace)


def elementwise(tree: Expr) -> Expr:
    """The same formula for vectors: products become elementwise, powers and quotients are so already."""
    tree = with_children(tree, tuple(elementwise(part) for part in children(tree)))
    if isinstance(tree, Mul) and not any(_is_number(f) for f in tree.factors):
        return Hadamard(tree.factors)
    return tree


def _is_number(tree: Expr) -> bool:
    return not any(refs(tree)) or (isinstance(tree, Call) and tree.function == "sum")


def value(rule: Activation, a: Expr, vector: bool = False) -> list[Expr]:
    """g(a)."""
    plain = _filled(rule.formula, {"a": a})
    return [elementwise(plain) if vector else plain, Call(rule.name, (a,))]


def slope(rule: Activation, a: Expr, h: Expr, vector: bool = False) -> list[Expr]:
    """g'(a)."""
    plain = _filled(rule.dformula, {"a": a, "h": h})
    if isinstance(plain, Number) and vector:
        plain = Call(f"{rule.name}'", (a,))
    return [elementwise(plain) if vector else plain, Call(f"{rule.name}'", (a,))]


def softmax_component(a: Sequence[Expr], o: int) -> list[Expr]:
    """yhat_o."""
    powers = tuple(Call("exp", (one,)) for one in a)
    stable = Call("exp", (Add((a[o], Neg(Call("logsumexp", tuple(a))))),))
    return [Div(powers[o], Add(powers)) if len(a) > 1 else Div(powers[0], powers[0]), stable]


def softmax_vector(a: Expr) -> list[Expr]:
    """yhat as a vector."""
    return [Div(Call("exp", (a,)), Call("sum", (Call("exp", (a,)),))), Call("softmax", (a,))]


def jacobian_component(p: Sequence[Expr], o: int, m: int) -> list[Expr]:
    """Softmax: dyhat_o/da_m."""
    if o != m:
        return [Neg(Mul((p[o], p[m])))]
    others = tuple(p[j] for j in range(len(p)) if j != o)
    return [Mul((p[o], Add((ONE, Neg(p[o]))))), Mul((p[o], Add(others or (Number(0.0),))))]


def jacobian_vector(p: Expr) -> Expr:
    """Softmax: J = diag(yhat) - yhat yhat^T."""
    return Add((Call("diag", (p,)), Neg(Mul((p, Transpose(p))))))


def loss_slope(rule: Loss, p: Expr, y: Expr, k: int, vector: bool = False) -> Expr:
    """dl/dyhat_o; as a vector for one example."""
    tree = _filled(rule.dformula, {"p": p, "y": y, "k": Number(float(k))})
    if isinstance(tree, Number) and vector:
        return Add((Mul((Number(0.0), p)), tree))
    return elementwise(tree) if vector else tree


def loss_value(rule: Loss, pair: Pair | None, p: Sequence[Expr], y: Sequence[Expr], a: Sequence[Expr]) -> list[Expr]:
    """The loss of one example: the sum of the outputs' terms."""
    k = Number(float(len(p)))
    ways = [_summed([_filled(rule.formula, {"p": p[o], "y": y[o], "k": k}) for o in range(len(p))])]
    if pair is not None:
        ways.append(_summed([_stable_term(pair, p, y, a, o) for o in range(len(p))]))
    return ways


def _stable_term(pair: Pair, p: Sequence[Expr], y: Sequence[Expr], a: Sequence[Expr], o: int) -> Expr:
    rest = tuple(one for j, one in enumerate(a) if j != o)
    letters = {"p": p[o], "y": y[o], "a": a[o], "lse": Call("logsumexp", tuple(a))}
    return _filled(pair.value_formula, letters | ({"rest": Call("logsumexp", rest)} if rest else {}))


def _summed(terms: list[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


def pair_component(
    pair: Pair, p: Sequence[Expr], y: Sequence[Expr], a: Sequence[Expr], m: int, one: bool
) -> list[Expr]:
    """dl/da_Lm by the declared pair. ``one``: the targets sum to 1, which then goes without saying."""
    if "{" in pair.formula:
        return [_bce_softmax(p, y, a, m, stable) for stable in (False, True)]
    total = ONE if one else (Add(tuple(y)) if len(y) > 1 else y[0])
    tree = _with_sum(_filled(pair.formula, {"p": p[m], "y": y[m], "a": a[m]}), lambda _: total)
    exact = {"p": Call("sigmoid", (a[m],)), "y": y[m], "a": a[m]}
    return [tree, _filled(pair.exact, exact)] if pair.exact else [tree]


def pair_vector(pair: Pair, p: Expr, y: Expr, a: Expr, one: bool) -> list[Expr]:
    """grad a_L by the declared pair, as a vector; no vector form where the formula runs over other outputs."""
    if "{" in pair.formula:
        return []
    tree = _filled(pair.formula, {"p": p, "y": y, "a": a})
    if one:
        tree = _with_sum(tree, lambda _: ONE)
    return [elementwise(tree)]


def _with_sum(tree: Expr, total: Callable[[Expr], Expr]) -> Expr:
    """``sum(y)`` replaced, and a factor 1 left out."""
    if isinstance(tree, Call) and tree.function == "sum":
        return total(tree)
    tree = with_children(tree, tuple(_with_sum(part, total) for part in children(tree)))
    if isinstance(tree, Mul) and ONE in tree.factors:
        kept = tuple(f for f in tree.factors if f != ONE)
        return kept[0] if len(kept) == 1 else Mul(kept)
    return tree


def _bce_softmax(p: Sequence[Expr], y: Sequence[Expr], a: Sequence[Expr], m: int, stable: bool) -> Expr:
    """-y_m(1 - p_m) + (1 - y_m)p_m + sum over j != m of p_m(y_j - (1 - y_j)p_j/(1 - p_j))."""

    def less(e: Expr) -> Expr:
        return Add((ONE, Neg(e)))

    def others(j: int) -> Expr:
        return Add(tuple(p[i] for i in range(len(p)) if i != j))

    def ratio(j: int) -> Expr:
        if not stable:
            return Div(Mul((p[m], p[j])), less(p[j]))
        rest = Call("logsumexp", tuple(a[i] for i in range(len(a)) if i != j))
        return Mul((p[j], Call("exp", (Add((a[m], Neg(rest))),))))

    terms: list[Expr] = [Neg(Mul((y[m], others(m) if stable else less(p[m])))), Mul((less(y[m]), p[m]))]
    for j in range(len(p)):
        if j != m:
            terms += [Mul((p[m], y[j])), Neg(Mul((less(y[j]), ratio(j))))]
    return Add(tuple(terms))
