"""What is wrong with a formula: a mistake of the table that is the same function, or one small change that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from chainrule.auditing.diagnosis.reach import found_at, reached
from chainrule.auditing.marking.formulas import agrees, due_of, evaluated, same, ways
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.claims import Formula, LineClaim
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import FormulaReading, NumbersOnly, World
from chainrule.auditing.records import Found
from chainrule.errors import InputError
from chainrule.formula import text
from chainrule.formula import tree as t
from chainrule.formula.printing import symbol_text
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity, resolve, shape

MENDING = 200_000  # parts of all the changed formulas that are tried for one
#: by what a formula may be off as a whole -> in words
_FACTORS = {
    -1.0: ("sign_lost", "the sign of the whole is wrong"),
    2.0: ("factor_2", "it is twice what it should be: a factor 2 is too many"),
    0.5: ("factor_2_missing", "it is half of what it should be: a factor 2 is missing"),
}


def explain_formula(state: SheetState, claim: LineClaim, part: Formula) -> list[Found]:
    """The mistakes that a wrong formula is, best first; from the table, else one change that mends it."""
    values = _values(state, part.tree)
    if values is not None:
        way, here = values
        found = list(_by_table(state, claim, part.tree, way, here))
        if found:
            return found
        for factor, (id, words) in _FACTORS.items():
            if all(_equal(v, d * factor) for v, d in zip(here, _dues(state, claim, way), strict=True)):
                return [Found(id, part.text, words)]
    mended = _mended(state, claim, part)
    return [mended] if mended is not None else []


def _values(state: SheetState, tree: t.Expr) -> tuple[FormulaReading, list[Array]] | None:
    for way in ways(state.problem):
        try:
            return way, [evaluated(state, tree, world, way) for world in state.worlds]
        except (InputError, NumbersOnly):
            continue
    return None


def _dues(state: SheetState, claim: LineClaim, way: FormulaReading, *wrong: Wrong) -> list[Array]:
    """What the line should equal at each set of numbers; or would, by wrong equations."""
    return [due_of(state, claim, w.other(*wrong) if wrong else w, way) for w in state.worlds]


def _equal(value: Array, due: Array) -> bool:
    try:
        return same(value, due)
    except InputError:
        return False


def _named(state: SheetState, tree: t.Expr) -> set[Node | None]:
    """What the formula takes by its name, so that its own equation cannot be what is wrong in it; slopes apart."""
    named: set[Node | None] = set()
    for symbol in t.refs(tree):
        try:
            node = state.reader.place(symbol).node
        except InputError:
            continue
        if node is not None and node.kind not in ("g'", "J"):
            named.add(node)
    return named


def _by_table(
    state: SheetState, claim: LineClaim, tree: t.Expr, way: FormulaReading, here: list[Array]
) -> Iterator[Found]:
    if claim.place is None:
        return
    named = _named(state, tree)
    scored = []
    rows = reached(state.problem, claim.place, World(state.problem), MISTAKES)
    for rank, (mistake, node, distance, _) in enumerate(rows):
        try:
            with np.errstate(all="ignore"):
                dues = _dues(state, claim, way, mistake.at(node.layer))
        except (InputError, ValueError):
            continue
        if all(_equal(v, d) for v, d in zip(here, dues, strict=True)):
            scored.append((node in named, distance, rank, found_at(state, mistake, node)))
    if not all(s[0] for s in scored):
        scored = [s for s in scored if not s[0]]
    best: dict[str, Found] = {}
    for *_, found in sorted(scored, key=lambda s: s[:3]):
        best.setdefault(found.id, found)
    yield from best.values()


# ---------------------------------------------------------------- one change that mends it


@dataclass(frozen=True)
class Change:
    """A formula with one place changed, and what the change undoes."""

    tree: t.Expr
    id: str
    words: str


def _mended(state: SheetState, claim: LineClaim, part: Formula) -> Found | None:
    for change in islice(changes(state, part.tree), MENDING // t.size(part.tree)):
        for way in ways(state.problem):
            try:
                if all(agrees(state, claim, change.tree, world, way) for world in state.worlds):
                    return Found(change.id, part.text, change.words)
            except (InputError, NumbersOnly, ValueError):
                continue
    return None


def changes(state: SheetState, tree: t.Expr) -> Iterator[Change]:
    """Every formula that differs in one place, in the order in which people slip."""
    for make in (_names, _factors, _signs, _functions, _transposes):
        for path, node in _places(tree):
            for new, id, words in make(state, node):
                yield Change(_at(tree, path, new), id, words)


def _places(tree: t.Expr, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], t.Expr]]:
    yield path, tree
    for i, part in enumerate(t.children(tree)):
        yield from _places(part, (*path, i))


def _at(tree: t.Expr, path: tuple[int, ...], new: t.Expr) -> t.Expr:
    if not path:
        return new
    parts = list(t.children(tree))
    parts[path[0]] = _at(parts[path[0]], path[1:], new)
    return t.with_children(tree, tuple(parts))


Made = Iterator[tuple[t.Expr, str, str]]


def _names(state: SheetState, node: t.Expr) -> Made:
    """Another unit, or another quantity of the same shape."""
    if not isinstance(node, t.Ref) or isinstance(node.name, (str, t.Slope)):
        return
    after = node.name.after if isinstance(node.name, t.Timed) else 0
    name = node.name.name if isinstance(node.name, t.Timed) else node.name
    if isinstance(name, t.Delta):
        name = name.name
    for other in _others(state, name):
        symbol: t.Symbol = t.Timed(other, after) if after else other
        words = f"{symbol_text(node.name, state.notation)} stands where {symbol_text(symbol, state.notation)} should be"
        yield t.Ref(symbol), "index_slip", words
    if after:
        yield t.Ref(name), "updated_value_used", f"{name} after the update stands where the one before it should be"


def _others(state: SheetState, name: Quantity | Derivative) -> Iterator[Quantity | Derivative]:
    if isinstance(name, Derivative):
        for other in _others(state, name.wrt):
            if isinstance(other, Quantity):
                yield Derivative(name.of, other)
        return
    sizes = state.problem.sizes
    try:
        resolve(name, sizes)
        whole = shape(name.whole, sizes)
    except InputError:
        whole = ()
    if name.index:
        for axis in range(len(name.index)):
            for unit in range(1, (whole[axis] if whole else max(sizes)) + 1):
                if unit != name.index[axis]:
                    yield replace(name, index=(*name.index[:axis], unit, *name.index[axis + 1 :]))
    elif name.symbol in ("x", "y", "yhat"):
        for unit in range(1, sizes[0 if name.symbol == "x" else -1] + 1):
            yield replace(name, index=(unit,))
    # another quantity with a number for each unit of the same layer, or the same kind in another layer
    layer = {"x": 0, "yhat": state.problem.depth, "y": state.problem.depth}.get(name.symbol, name.layer)
    if name.symbol in ("a", "h", "x", "yhat"):
        for i in range(state.problem.depth + 1):
            for symbol in ("h", "a"):
                if (symbol == "a" and i == 0) or (symbol, i) == (name.symbol, layer):
                    continue
                other = Quantity(symbol, i, name.index)
                try:
                    made = resolve(other, sizes)
                except InputError:
                    continue
                if made != name and isinstance(made, Quantity):
                    yield made
    elif name.symbol in ("W", "b"):
        for i in range(1, state.problem.depth + 1):
            if i != name.layer:
                yield Quantity(name.symbol, i, name.index)


def _factors(state: SheetState, node: t.Expr) -> Made:
    """A factor or a term too many."""
    if isinstance(node, (t.Mul, t.Hadamard)) and len(node.factors) > 1:
        for i, factor in enumerate(node.factors):
            rest = (*node.factors[:i], *node.factors[i + 1 :])
            new = rest[0] if len(rest) == 1 else type(node)(rest)
            id = "weight_times_gradient" if _is_weight(factor) else "factor_too_many"
            yield new, id, f"the factor {text(factor, state.notation)} is one too many"
    if isinstance(node, t.Add) and len(node.terms) > 1:
        for i, term in enumerate(node.terms):
            rest = (*node.terms[:i], *node.terms[i + 1 :])
            yield (
                rest[0] if len(rest) == 1 else t.Add(rest),
                "term_too_many",
                f"the term {text(term, state.notation)} is one too many",
            )
    if isinstance(node, t.Div):
        yield node.top, "factor_too_many", f"the division by {text(node.bottom, state.notation)} is one too many"
        yield (
            t.Mul((node.top, node.bottom)),
            "divided_not_multiplied",
            f"divided by {text(node.bottom, state.notation)}, where it is multiplied",
        )


def _is_weight(tree: t.Expr) -> bool:
    return isinstance(tree, t.Ref) and isinstance(tree.name, Quantity) and tree.name.symbol == "W"


def _signs(state: SheetState, node: t.Expr) -> Made:
    if isinstance(node, t.Neg):
        yield node.item, "sign_lost", f"the minus before {text(node.item, state.notation)} is one too many"
    elif isinstance(node, t.Add):
        for i, term in enumerate(node.terms):
            new = term.item if isinstance(term, t.Neg) else t.Neg(term)
            yield (
                t.Add((*node.terms[:i], new, *node.terms[i + 1 :])),
                "sign_lost",
                f"the sign of {text(term, state.notation)} is wrong",
            )
    elif isinstance(node, t.Ref):
        yield t.Neg(node), "sign_lost", f"a minus before {symbol_text(node.name, state.notation)} is missing"


def _functions(state: SheetState, node: t.Expr) -> Made:
    """g for g', g' for g, another activation, g' of h for g' of a."""
    if not isinstance(node, t.Call) or len(node.arguments) != 1:
        return
    bare = node.function.rstrip("'")
    known = {"g", "f", "sigma", *ACTIVATIONS}
    if bare not in known:
        return
    slope = node.function.endswith("'")
    other = bare if slope else f"{bare}'"
    yield (
        t.Call(other, node.arguments),
        "sigma_prime_for_sigma" if slope else "sigma_for_sigma_prime_hidden",
        f"{node.function} stands where {other} should be",
    )
    for name in sorted(ACTIVATIONS):
        new = f"{name}'" if slope else name
        if name != bare:
            yield t.Call(new, node.arguments), "wrong_activation", f"{node.function} stands where {new} should be"


def _transposes(state: SheetState, node: t.Expr) -> Made:
    if isinstance(node, t.Transpose):
        yield node.item, "transposed", f"{text(node.item, state.notation)} must not be transposed"
    elif isinstance(node, t.Ref) and not isinstance(node.name, str):
        yield t.Transpose(node), "transposed", f"{symbol_text(node.name, state.notation)} must be transposed"
    elif isinstance(node, t.Mul) and len(node.factors) == 2:
        yield t.Mul(node.factors[::-1]), "order_of_product", "the factors stand in the wrong order"
