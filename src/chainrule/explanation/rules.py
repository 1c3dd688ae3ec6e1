"""The formulas of activations, outputs, losses and pairs as trees, from the texts in their tables.

Where the textbook's formula loses its digits (h(1 - h) near 1, log of a probability that is 0), a second
formula of the same value stands behind it; the first that gives the right number is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from chainrule.formula import parse
from chainrule.formula import tree as t
from chainrule.network.activations import Activation
from chainrule.network.losses import Loss
from chainrule.network.pairs import Pair

Terms: TypeAlias = Sequence[t.Expr]  # one of each output
ONE = t.Number(1.0)


@lru_cache
def formula(written: str) -> t.Expr:
    """A formula of a table, in its own letters."""
    return parse(written, "free")


def _filled(written: str, letters: dict[str, t.Expr]) -> t.Expr:
    def replace(name: t.Symbol) -> t.Expr | None:
        return letters.get(name) if isinstance(name, str) else None

    return t.substitute(formula(written), replace)


def elementwise(tree: t.Expr) -> t.Expr:
    """The same formula for vectors: products become elementwise, powers and quotients are so already."""
    tree = t.with_children(tree, tuple(elementwise(part) for part in t.children(tree)))
    if isinstance(tree, t.Mul) and not any(_is_number(f) for f in tree.factors):
        return t.Hadamard(tree.factors)
    return tree


def _is_number(tree: t.Expr) -> bool:
    return not any(t.refs(tree)) or (isinstance(tree, t.Call) and tree.function == "sum")


def value(rule: Activation, a: t.Expr, vector: bool = False) -> list[t.Expr]:
    """g(a)."""
    plain = _filled(rule.formula, {"a": a})
    return [elementwise(plain) if vector else plain, t.Call(rule.name, (a,))]


def slope(rule: Activation, a: t.Expr, h: t.Expr, vector: bool = False) -> list[t.Expr]:
    """g'(a)."""
    plain = _filled(rule.dformula, {"a": a, "h": h})
    if isinstance(plain, t.Number) and vector:
        plain = t.Call(f"{rule.name}'", (a,))
    return [elementwise(plain) if vector else plain, t.Call(f"{rule.name}'", (a,))]


def softmax_component(a: Terms, o: int) -> list[t.Expr]:
    """yhat_o."""
    powers = tuple(t.Call("exp", (one,)) for one in a)
    stable = t.Call("exp", (t.Add((a[o], t.Neg(t.Call("logsumexp", tuple(a))))),))
    return [t.Div(powers[o], t.Add(powers)) if len(a) > 1 else t.Div(powers[0], powers[0]), stable]


def softmax_vector(a: t.Expr) -> list[t.Expr]:
    """yhat as a vector."""
    return [t.Div(t.Call("exp", (a,)), t.Call("sum", (t.Call("exp", (a,)),))), t.Call("softmax", (a,))]


def jacobian_component(p: Terms, o: int, m: int) -> list[t.Expr]:
    """Softmax: dyhat_o/da_m."""
    if o != m:
        return [t.Neg(t.Mul((p[o], p[m])))]
    others = tuple(p[j] for j in range(len(p)) if j != o)
    return [t.Mul((p[o], t.Add((ONE, t.Neg(p[o]))))), t.Mul((p[o], t.Add(others or (t.Number(0.0),))))]


def jacobian_vector(p: t.Expr) -> t.Expr:
    """Softmax: J = diag(yhat) - yhat yhat^T."""
    return t.Add((t.Call("diag", (p,)), t.Neg(t.Mul((p, t.Transpose(p))))))


def loss_slope(rule: Loss, p: t.Expr, y: t.Expr, k: int, vector: bool = False) -> t.Expr:
    """dl/dyhat_o; as a vector for one example."""
    tree = _filled(rule.dformula, {"p": p, "y": y, "k": t.Number(float(k))})
    if isinstance(tree, t.Number) and vector:
        return t.Add((t.Mul((t.Number(0.0), p)), tree))
    return elementwise(tree) if vector else tree


def loss_value(rule: Loss, pair: Pair | None, p: Terms, y: Terms, a: Terms) -> list[t.Expr]:
    """The loss of one example: the sum of the outputs' terms."""
    k = t.Number(float(len(p)))
    ways = [_summed([_filled(rule.formula, {"p": p[o], "y": y[o], "k": k}) for o in range(len(p))])]
    if pair is not None:
        ways.append(_summed([_stable_term(pair, p, y, a, o) for o in range(len(p))]))
    return ways


def _stable_term(pair: Pair, p: Terms, y: Terms, a: Terms, o: int) -> t.Expr:
    rest = tuple(one for j, one in enumerate(a) if j != o)
    letters = {"p": p[o], "y": y[o], "a": a[o], "lse": t.Call("logsumexp", tuple(a))}
    return _filled(pair.value_formula, letters | ({"rest": t.Call("logsumexp", rest)} if rest else {}))


def _summed(terms: list[t.Expr]) -> t.Expr:
    return terms[0] if len(terms) == 1 else t.Add(tuple(terms))


def pair_component(pair: Pair, p: Terms, y: Terms, a: Terms, m: int, one: bool) -> list[t.Expr]:
    """dl/da_Lm by the declared pair. ``one``: the targets sum to 1, which then goes without saying."""
    if "{" in pair.formula:
        return [_bce_softmax(p, y, a, m, stable) for stable in (False, True)]
    total = ONE if one else (t.Add(tuple(y)) if len(y) > 1 else y[0])
    tree = _with_sum(_filled(pair.formula, {"p": p[m], "y": y[m], "a": a[m]}), lambda _: total)
    exact = {"p": t.Call("sigmoid", (a[m],)), "y": y[m], "a": a[m]}
    return [tree, _filled(pair.exact, exact)] if pair.exact else [tree]


def pair_vector(pair: Pair, p: t.Expr, y: t.Expr, a: t.Expr, one: bool) -> list[t.Expr]:
    """grad a_L by the declared pair, as a vector; no vector form where the formula runs over other outputs."""
    if "{" in pair.formula:
        return []
    tree = _filled(pair.formula, {"p": p, "y": y, "a": a})
    if one:
        tree = _with_sum(tree, lambda _: ONE)
    return [elementwise(tree)]


def _with_sum(tree: t.Expr, total: Callable[[t.Expr], t.Expr]) -> t.Expr:
    """``sum(y)`` replaced, and a factor 1 left out."""
    if isinstance(tree, t.Call) and tree.function == "sum":
        return total(tree)
    tree = t.with_children(tree, tuple(_with_sum(part, total) for part in t.children(tree)))
    if isinstance(tree, t.Mul) and ONE in tree.factors:
        kept = tuple(f for f in tree.factors if f != ONE)
        return kept[0] if len(kept) == 1 else t.Mul(kept)
    return tree


def _bce_softmax(p: Terms, y: Terms, a: Terms, m: int, stable: bool) -> t.Expr:
    """-y_m(1 - p_m) + (1 - y_m)p_m + sum over j != m of p_m(y_j - (1 - y_j)p_j/(1 - p_j))."""

    def less(e: t.Expr) -> t.Expr:
        return t.Add((ONE, t.Neg(e)))

    def others(j: int) -> t.Expr:
        return t.Add(tuple(p[i] for i in range(len(p)) if i != j))

    def ratio(j: int) -> t.Expr:
        if not stable:
            return t.Div(t.Mul((p[m], p[j])), less(p[j]))
        rest = t.Call("logsumexp", tuple(a[i] for i in range(len(a)) if i != j))
        return t.Mul((p[j], t.Call("exp", (t.Add((a[m], t.Neg(rest))),))))

    terms: list[t.Expr] = [t.Neg(t.Mul((y[m], others(m) if stable else less(p[m])))), t.Mul((less(y[m]), p[m]))]
    for j in range(len(p)):
        if j != m:
            terms += [t.Mul((p[m], y[j])), t.Neg(t.Mul((less(y[j]), ratio(j))))]
    return t.Add(tuple(terms))
