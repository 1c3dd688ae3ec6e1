"""What the names in a formula are worth: at the header's numbers, at others, by the author's own lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.auditing.model.claims import QuantityPlace, Reader
from chainrule.auditing.model.effort import AGAIN, FORMULA, Effort
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node, Problem, simulate
from chainrule.auditing.model.replay import Replay, Wrong
from chainrule.auditing.model.written_out import WrittenOut, output_of_part
from chainrule.errors import InputError
from chainrule.formula import evaluate, parse
from chainrule.formula import tree as t
from chainrule.formula.derivative import elementwise
from chainrule.formula.evaluate import FUNCTIONS
from chainrule.network.activations import Activation
from chainrule.network.names import Quantity
from chainrule.network.network import Network

MOST_UPDATES = 10_000  # updates that a line may speak of
MOST_LAYERS_UPDATED = 40_000  # updates times layers, in all lines
MOST_WRITTEN_OUT = 20  # names of the author's within one another, of what is differentiated
MOST_SIZE = 5_000  # of a formula so written out
MOST_WORK = 2_000_000  # updates times parameters times examples


COUNTS = ("m", "M", "n", "N", "B")  # what people call the number of examples


class NumbersOnly(Exception):
    """A name of the author's that has a value but no formula."""


@dataclass(eq=False)
class World:
    """The values of all quantities at one set of numbers, after any number of updates.

    Attributes:
        problem: at no update.
        wrong: equations replaced, everywhere.
        intervals: what is read are intervals; ``given`` are the author's lines.
    """

    problem: Problem
    intervals: bool = False
    wrong: tuple[Wrong, ...] = ()
    long_way: bool = False
    replays: dict[int, Replay] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)

    @classmethod
    def of(cls, problem: Problem, effort: Effort) -> World:
        """The right values of a problem; what is computed of them at no update, all such worlds share."""
        return cls(problem, replays={0: problem.once("replay", lambda: Replay(problem))}, effort=effort)

    def replay(self, after: int) -> Replay:
        """The replay that has the quantities after so many updates: 0 and 1 share one."""
        key = 0 if after < 2 else after
        if key not in self.replays:
            problem = self.problem if key == 0 else self.problem.on(self._network(key))
            self.replays[key] = Replay(problem, {}, self.intervals, self.wrong, self.long_way)
        return self.replays[key]

    def _network(self, after: int) -> Network:
        network = self.problem.network
        if after > MOST_UPDATES or after * network.parameter_count * self.problem.n > MOST_WORK:
            raise InputError("updates", f"at most {MOST_UPDATES}, fewer for a large network", str(after))
        if after not in self.networks:
            if (after + sum(self.networks)) * network.depth > MOST_LAYERS_UPDATED:
                raise InputError("updates", f"at most {MOST_LAYERS_UPDATED // network.depth} in all lines", "more")
            updated_first = any(w.updated_first for w in self.wrong)
            before = max((n for n in self.networks if n < after), default=0)
            start = self.problem if before == 0 else self.problem.on(self.networks[before])
            self.networks[after] = simulate(start, after - before, updated_first)
        return self.networks[after]

    def other(self, *wrong: Wrong, without: tuple[Node, ...] = (), long_way: bool | None = None) -> World:
        """This world with more equations replaced, and without what is given for some nodes."""
        self.effort.spend(self.effort.replay)
        way = self.long_way if long_way is None else long_way
        looped = any(w.updated_first for w in wrong)
        replays = {
            k: r.with_wrong(*wrong, without=without, long_way=way)
            for k, r in self.replays.items()
            if k == 0 or not looped
        }
        networks = {} if looped else self.networks
        return World(self.problem, self.intervals, (*self.wrong, *wrong), way, replays, networks, self.effort)

    def whole_of(self, kind: str, layer: int) -> Any:
        """A node at no update, of the first example where there is one."""
        value = self.replay(0).get(Node(kind, layer))
        return value[0] if self.problem.single and kind not in ("W", "b", "L") else value

    def whole(self, place: QuantityPlace) -> Any:
        """The node's value without the axis of examples where there is one example."""
        replay, node = self.replay(place.time), place.node
        value = replay.read(place.name, place.time if place.time < 2 else 0) if node is None else replay.get(node)
        return value[0] if place.examples and self.problem.single else value

    def value(self, place: QuantityPlace, computed: bool = False) -> Any:
        """What the line should claim: the entry, the factor in it.

        Args:
            computed: from its parents, whatever is given for it.
        """
        again = computed and place.time == 1
        self.effort.spend(self.effort.look + (AGAIN * self.effort.replay if again else 0.0))
        if not computed or place.node is None:
            return place.claimed(self.whole(place))
        value = self.replay(place.time).computed(place.node)
        return place.claimed(value[0] if place.examples and self.problem.single else value)


# ---------------------------------------------------------------- names in formulas


@dataclass(frozen=True)
class FormulaReading:
    """One way to read a formula.

    Attributes:
        rows: vectors as rows; with ``flipped``, matrices as their transposes: a = h W + b.
        generic: σ is the layer's own activation.
        example: of a batch, one example alone; None takes the arrays whole, examples as rows.
        columns: of a batch, examples as columns.
        sums: ``sum (…)^2`` is the sum of the squares, ``sum a*b`` the sum of the products.
    """

    rows: bool = False
    flipped: bool = False
    generic: bool = False
    example: int | None = None
    columns: bool = False
    sums: bool = False


@dataclass(eq=False)
class NameValues:
    """The names of a formula at one world.

    Attributes:
        own: the author's names -> a formula, or None, and the number written.
        numeric: the numbers written for the author's names may be used.
        claimed: values that the author wrote for derivatives of one unit by another.
        definitions: quantities of the network -> the formulas in the author's own names that were given for them.
    """

    world: World
    reader: Reader
    own: dict[str, tuple[t.Expr | None, Any]]
    numeric: bool = False
    way: FormulaReading = field(default_factory=FormulaReading)
    claimed: dict[Any, Any] = field(default_factory=dict)
    definitions: dict[t.Symbol, list[t.Expr]] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, init=False)  # of the author's names, each computed once

    def __call__(self, symbol: t.Symbol) -> Any:
        """The value of a name: a float, a vector (m,), a matrix."""
        if isinstance(symbol, str):
            return self._own_name(symbol)
        if symbol in self.claimed:
            return self.claimed[symbol]
        return self.value(self.reader.place(symbol))

    def value(self, place: QuantityPlace) -> Any:
        """The value of a place, shaped as the formula is read."""
        value = self.world.value(place)
        value = value.middle if isinstance(value, Interval) else value
        by_example = place.examples and not self.world.problem.single
        if by_example:
            if self.way.example is not None:
                value = value[self.way.example]
            elif self.way.columns:
                value = np.transpose(value)
        if self.way.rows and np.ndim(value) == 1:
            return np.atleast_2d(value)
        return np.transpose(value) if self.way.flipped and np.ndim(value) == 2 and not by_example else value

    def _own_name(self, symbol: str) -> Any:
        if symbol in self.own:
            tree, number = self.own[symbol]
            if self.numeric and number is not None:
                return number
            if tree is None:
                if symbol in COUNTS and np.ndim(number) == 0 and number == self.world.problem.n:
                    return number  # m = 3 examples
                raise NumbersOnly
            if symbol not in self.known:
                self.known[symbol] = value_of(tree, self)
            return self.known[symbol]
        if symbol == "eta":
            if self.world.problem.learning_rate is None:
                raise InputError("eta", "a learning_rate in the header", "none")
            return self.world.problem.learning_rate
        raise InputError("name", "a name introduced by an earlier line", symbol)


def value_of(
    tree: t.Expr, names: NameValues, generic: bool = False, lookup: Callable[[t.Symbol], Any] | None = None
) -> Any:
    """The value of a formula; a vector is (m,), unless it is read in rows.

    Args:
        lookup: values of names that go before those of ``names``.
    """
    if t.has(tree, t.Diff):
        tree = _differentiable(tree, names)
    names.world.effort.spend(FORMULA * t.size(tree))
    value = evaluate(settled(tree, names.reader, generic), lookup or names)
    if np.ndim(value) == 2 and value.shape[1] == 1 and not names.way.rows:
        return value[:, 0]
    return value


def _differentiable(tree: t.Expr, names: NameValues) -> t.Expr:
    """The formula with what is differentiated in it written out, so that it shows what it is made of.

    Raises:
        NumbersOnly: nothing says how it depends on the author's name that it is differentiated by.
    """
    if not isinstance(tree, t.Diff):
        return t.with_children(tree, tuple(_differentiable(part, names) for part in t.children(tree)))
    item = _in_full(_differentiable(tree.item, names), names, tree.wrt)
    if tree.wrt in set(t.refs(item)) or (not isinstance(tree.wrt, str) and _shows(item, tree.wrt)):
        return t.Diff(item, tree.wrt)
    for symbol in dict.fromkeys(t.refs(item)):
        for definition in reversed(names.definitions.get(symbol, [])):
            whole = _in_full(definition, names, tree.wrt)
            if tree.wrt in set(t.refs(whole)):
                return t.Diff(_with(item, {symbol: whole}), tree.wrt)
    name = tree.item.name if isinstance(tree.item, t.Ref) else None
    if not isinstance(name, str) or not output_of_part(name, names.world.problem):
        raise NumbersOnly
    return t.Diff(_through(item, names, tree.wrt), tree.wrt)


def _through(item: t.Expr, names: NameValues, wrt: t.Symbol) -> t.Expr:
    """The formula of an author's name with the network's equations in it, from the output back to what it is taken by.

    Raises:
        NumbersOnly: it does not depend on it.
    """
    problem = names.world.problem
    write = WrittenOut(problem, names.reader.reading.swapped)
    for layer in range(problem.depth, 0, -1):
        for kind in ("h", "a"):
            written: dict[t.Symbol, t.Expr | None] = {}
            for symbol in dict.fromkeys(t.refs(item)):
                if isinstance(symbol, Quantity) and _is_unit(symbol, kind, layer, problem.depth):
                    index = tuple(unit - 1 for unit in symbol.index)
                    written[symbol] = next(write.of(Node(kind, layer), index), None)
            item = _with(item, written)
            if wrt in set(t.refs(item)):
                return item
            if None in written.values() or t.size(item) > MOST_SIZE:
                raise NumbersOnly
    raise NumbersOnly


def _is_unit(name: Quantity, kind: str, layer: int, depth: int) -> bool:
    symbol = "yhat" if (kind, layer) == ("h", depth) else kind
    return name.symbol == symbol and bool(name.index) and name.layer in (None, layer)


def _shows(item: t.Expr, wrt: t.Symbol) -> bool:
    """Whether a formula shows how it depends on a quantity: it has its vector, too. Numbers alone show nothing."""
    whole = wrt.whole if isinstance(wrt, Quantity) else wrt
    return any(symbol == whole for symbol in t.refs(item))


def _in_full(tree: t.Expr, names: NameValues, but: t.Symbol) -> t.Expr:
    """The formula with the author's own names but one replaced by what they stand for, as often as it takes."""
    for _ in range(MOST_WRITTEN_OUT):
        own = {s for s in t.refs(tree) if isinstance(s, str) and s != but and names.own.get(s, (None,))[0] is not None}
        if not own or t.size(tree) > MOST_SIZE:
            break
        tree = _with(tree, {symbol: names.own[symbol][0] for symbol in own})
    return tree


def _with(tree: t.Expr, formulas: Mapping[t.Symbol, t.Expr | None]) -> t.Expr:
    """The formula with names replaced by formulas."""
    return t.substitute(tree, formulas.get)


def settled(tree: t.Expr, reader: Reader, generic: bool = False) -> t.Expr:
    """The formula with g, g' and σ' as the functions they stand for, and softmax of one unit as that output.

    Args:
        generic: σ is the activation of the layer it is applied to, as books in delta notation use it.
    """
    if not t.has(tree, t.Call):
        return tree
    parts = tuple(settled(part, reader, generic) for part in t.children(tree))
    tree = t.with_children(tree, parts)
    if not isinstance(tree, t.Call) or len(tree.arguments) != 1:
        return tree
    layer, slope = _layer_of(tree.arguments[0], reader), tree.function.endswith("'")
    bare = tree.function.rstrip("'")
    if bare in ("g", "f") or (bare == "sigma" and generic):
        if layer is None:
            raise InputError(f"function {tree.function}", "a pre-activation such as a_1 in it", "something else")
        rule = reader.problem.rule(layer)
        name = "softmax" if rule is None else rule.name
        if rule is None and slope:
            raise InputError(f"function {tree.function}", "an elementwise activation", "softmax, which has a Jacobian")
        if rule is not None and name not in FUNCTIONS:
            return _written_out(rule, slope, tree.arguments[0])
        tree = t.Call(f"{name}'" if slope else name, tree.arguments)
    elif bare == "leaky_relu" and (rule := _leaky(reader.problem, layer)) is not None:
        return _written_out(rule, slope, tree.arguments[0])
    elif bare == "sigma":
        tree = t.Call("sigmoid'" if slope else "sigmoid", tree.arguments)
    if tree.function == "softmax" and layer is not None:
        unit = _unit_of(tree.arguments[0])
        if unit:
            layers = tuple(t.Ref(_component(tree.arguments[0], j)) for j in range(1, reader.problem.sizes[layer] + 1))
            powers = tuple(t.Call("exp", (one,)) for one in layers)
            return t.Div(powers[unit - 1], t.Add(powers))
    return tree


def _written_out(rule: Activation, slope: bool, argument: t.Expr) -> t.Expr:
    """A rule that is no function of the language, by its formula."""
    formula = elementwise(parse(rule.dformula if slope else rule.formula, "free"))
    return t.substitute(formula, lambda _: argument)


def _leaky(problem: Problem, layer: int | None) -> Activation | None:
    """The leaky ReLU with a slope of its own that a line means: the layer's, or the network's one."""
    layers = range(1, problem.depth + 1) if layer is None else (layer,)
    rules = {rule.name: rule for i in layers if (rule := problem.rule(i)) and rule.name.startswith("leaky_relu(")}
    return next(iter(rules.values())) if len(rules) == 1 else None


def _core(tree: t.Expr) -> tuple[Any, int] | None:
    if not isinstance(tree, t.Ref):
        return None
    name, after = (tree.name.name, tree.name.after) if isinstance(tree.name, t.Timed) else (tree.name, 0)
    return name, after


def _layer_of(tree: t.Expr, reader: Reader) -> int | None:
    """The layer whose pre-activation this is."""
    core = _core(tree)
    if core is None or not isinstance(core[0], Quantity) or core[0].symbol != "a":
        return None
    layer = core[0].layer
    return layer if layer is not None and 1 <= layer <= reader.problem.depth else None


def _unit_of(tree: t.Expr) -> int:
    core = _core(tree)
    return core[0].index[0] if core is not None and core[0].index else 0


def _component(tree: t.Expr, unit: int) -> t.Symbol:
    core = _core(tree)
    assert core is not None
    name = replace(core[0], index=(unit,))
    return t.Timed(name, core[1]) if core[1] else name
