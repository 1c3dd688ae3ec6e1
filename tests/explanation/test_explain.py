"""Explanations: every value is the pass's, every printed line gives what it says.

``pytest tests/explanation --trials 1000`` is the large trial; without the option a sample.
"""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.explanation import printed
from chainrule.formula import evaluate, parse
from chainrule.formula.tree import refs
from chainrule.network.names import Derivative, Quantity, read, to_text
from tests.support.strategies import cases, sums_of_paths


def quantities(network):
    """Every name of the design that can be asked of a network, as components, vectors and matrices."""
    sizes, depth = network.sizes, network.depth
    wholes = [("x", None, sizes[0]), ("yhat", None, sizes[-1])]
    wholes += [(s, i, sizes[i]) for s in "ab" for i in range(1, depth + 1)]
    wholes += [("h", i, sizes[i]) for i in range(1, depth)]
    for symbol, layer, size in wholes:
        yield Quantity(symbol, layer)
        yield from (Quantity(symbol, layer, (m,)) for m in {1, size})
    for i in range(1, depth + 1):
        yield Quantity("W", i)
        yield from {Quantity("W", i, (m, j)) for m in (1, sizes[i]) for j in (1, sizes[i - 1])}


def names(network):
    """Derivatives of the loss, local derivatives of one unit, values of the forward pass."""
    every = list(quantities(network))
    yield from (Derivative(Quantity("L"), q) for q in every)
    stage = {"x": 0, "yhat": 2 * network.depth}
    place = {q: stage.get(q.symbol, 2 * (q.layer or 0) - (q.symbol != "h")) for q in every}
    for of in every:
        if of.symbol in ("a", "h", "yhat") and of.index:
            yield from (Derivative(of, q) for q in every if place[q] <= place[of])
    yield from (q for q in every if q.symbol in ("a", "h", "yhat"))
    yield Quantity("L")


def half_unit(written):
    """Half a unit of the last digit of a printed number."""
    mantissa, _, exponent = written.partition("e")
    decimals = len(mantissa.partition(".")[2])
    digits = len(mantissa.strip("-0.").replace(".", "")) or 1
    missing = max(0, printed.VALUE_DIGITS - digits)  # trailing zeros are not written
    if "." not in mantissa and digits <= printed.VALUE_DIGITS:
        missing = max(0, printed.VALUE_DIGITS - len(mantissa.lstrip("-")))
    return 0.5 * 10.0 ** (int(exponent or 0) - decimals - missing) * (1 + 1e-9)


def numbers(written):
    """The numbers of a printed value, as they are written."""
    return re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", written)


def nothing(name):
    raise AssertionError(f"{name} is left in a line of numbers")


def check_step(step):
    """The printed line, read back and computed, is the printed value to its digits, and the value is near it too."""
    written = step.substituted
    if "more" in written and "terms" not in written:
        return False
    computed = np.ravel(evaluate(parse(written, step.notation), nothing))
    result = numbers(step.result)
    values = np.ravel(step.value)
    assert len(computed) == len(result) == len(values), (step.name, written, step.result)
    for got, told, value in zip(computed, result, values, strict=True):
        unit = half_unit(told)
        if float(told) == 0:
            assert value == 0, (step.name, value)
            unit = 1e-9 * max(1.0, float(np.max(np.abs(values))))
        assert abs(float(told) - value) <= unit, (step.name, told, value)
        assert abs(got - float(told)) <= unit, (step.name, written, told, got)
    return True


def near(value, right, floor):
    """Equal within rounding of the sums that made it."""
    return np.all(np.abs(np.asarray(value) - right) <= 1e-9 * np.abs(right) + floor)


@given(cases(), st.data())
def test_explanations_of_drawn_networks(case, data):
    """Every explanation's value is the backward pass's; every printed line gives its value; the check agrees."""
    network = case.network
    every = list(names(network))
    shortcuts = data.draw(st.booleans())
    b = network.backward(*case.args, shortcuts=shortcuts)
    floor = 1e3 * np.finfo(float).eps * max([1.0, *sums_of_paths(b).values()])
    for name in data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True)):
        notation = data.draw(st.sampled_from(["textbook", "delta"]))
        options = {"sample_weight": case.sample_weight, "shortcuts": shortcuts}
        text = to_text(name)
        e = cr.explain(network, case.x, case.y, text, notation, **options)
        right = b[text]
        whole_weight = isinstance(name, Derivative) and name.wrt.symbol == "W" and not name.wrt.index
        turned = np.swapaxes(right, -1, -2) if notation == "delta" and whole_weight else right
        assert np.array_equal(e.value, turned)
        assert e.steps
        for step in e.steps:
            assert check_step(step), step.substituted
        if e.contributions:
            assert math.isclose(sum(c.value for c in e.contributions), right, rel_tol=1e-9, abs_tol=floor)
            sizes = [abs(c.value) for c in e.contributions]
            assert sizes == sorted(sizes, reverse=True)
        assert e.coefficient == (1.0 if e.example is None else b.coefficients[e.example - 1])
        if e.contributions and isinstance(name, Derivative):
            first = next(c.value for c in e.contributions if c.example == e.example)
            assert near(e.steps[-1].value, first, floor)
        summed = isinstance(name, Derivative) and name.of.symbol == "L" and name.wrt.symbol in "Wb"
        if e.example is None or name == Quantity("L"):
            right_here = turned if e.example is None else e.contributions[0].value
            assert near(e.steps[-1].value, right_here, floor), (text, e.steps[-1].value, turned)
        elif not summed:
            assert near(e.steps[-1].value, turned[e.example - 1], floor), (text, e.steps[-1].value, turned)
        if e.check is not None:
            assert abs(e.check.value - e.check.numerical) <= 1e-9 * abs(e.check.value) + floor


@given(cases())
def test_symbolic_lines_give_the_values_of_the_passes(case):
    """The line of names, computed with the passes' own values, is the step's value."""
    network = case.network
    x, y = np.atleast_2d(case.x)[0], np.atleast_2d(case.targets)[0]
    b = network.backward(x, y)
    e = cr.explain(network, x, y, "dL/dx")
    for step in e.steps:
        tree = parse(step.symbolic)

        def value(name, b=b):
            if isinstance(name, (Quantity, Derivative)):
                return b[to_text(name)]
            rule = network.output_rule.rule if name.layer == network.depth else network.activations[name.layer - 1]
            return rule.dg(b.forward.a[name.layer - 1])[0]

        computed = np.ravel(evaluate(tree, value))
        np.testing.assert_allclose(computed, np.ravel(step.value), rtol=1e-7, atol=1e-12)
        assert set(refs(tree)) <= set(step.values)


NET = cr.Network.random([3, 4, 2], "tanh", seed=0, loss="squared_error")
X, Y = [1.0, -2.0, 0.5], [1.0, 0.0]


def test_the_cross_terms_of_the_softmax_appear():
    e = cr.explain(NET, X, Y, "dL/da_21")
    assert [s.name for s in e.steps] == ["dL/dyhat_1", "dL/dyhat_2", "dyhat_1/da_21", "dyhat_2/da_21", "dL/da_21"]
    assert e.steps[3].symbolic == "-yhat_2*yhat_1"
    assert e.shortcut == ""


def test_a_declared_shortcut_is_named_and_the_long_way_is_there():
    net = cr.Network.random([3, 4, 2], "tanh", seed=0)
    short, long = cr.explain(net, X, Y, "dL/dW_111"), cr.explain(net, X, Y, "dL/dW_111", shortcuts=False)
    assert short.shortcut == "softmax with cross_entropy"
    assert "the declared shortcut of softmax with cross_entropy" in " ".join(str(short).split())
    assert [s.symbolic for s in short.steps][:2] == ["yhat_1 - y_1", "yhat_2 - y_2"]
    assert long.shortcut == ""
    assert len(long.steps) > len(short.steps)
    assert math.isclose(short.value, long.value, rel_tol=1e-12)


def test_a_name_may_be_given_as_it_was_read():
    for text in ("dL/dW_111", "yhat_2", "h_11"):
        assert str(cr.explain(NET, X, Y, read(text)[0])) == str(cr.explain(NET, X, Y, text))


def test_the_order_is_the_notes_order():
    stages = list(dict.fromkeys(s.stage for s in cr.explain(NET, X, Y, "dL/dW_111").steps))
    assert stages == ["Talk to the output layer", "Talk to hidden layer 1", "And now talk to the weights"]


def test_an_output_comes_from_every_unit_before_it():
    net = cr.Network.random([2, 1, 3], "tanh", "softmax", "squared_error", seed=1)
    assert [s.name for s in cr.explain(net, [0.5, -1.0], [0, 1, 0], "yhat_2").steps] == [
        "a_11", "h_11", "a_21", "a_22", "a_23", "yhat_2",
    ]  # fmt: skip


@pytest.mark.parametrize("of", ["dyhat_1", "dyhat_2", "dyhat_3"])
def test_an_output_of_a_softmax_by_all_pre_activations(of):
    net = cr.Network.random([2, 3, 3], "tanh", "softmax", "squared_error", seed=1)
    b = net.backward([0.5, -1.0], [0, 1, 0])
    for name in (f"{of}/da_2", *(f"{of}/da_2{m}" for m in (1, 2, 3))):
        e = cr.explain(net, [0.5, -1.0], [0, 1, 0], name)
        np.testing.assert_allclose(e.steps[-1].value, b[name], rtol=1e-12)
        assert check_step(e.steps[-1])


def test_every_step_names_an_equation_of_the_table():
    from chainrule.network.equation_table import EQUATIONS

    for name in ("dL/dW_1", "dL/db_11", "dL/dx", "L", "yhat_2", "dyhat_1/dW_111", "dh_11/da_11", "da_21/da_21"):
        for step in cr.explain(NET, X, Y, name).steps:
            assert EQUATIONS[step.equation].title == step.title


def test_long_sums_are_shortened_in_print_and_never_in_value():
    net = cr.Network.random([3, 200, 2], "tanh", seed=0)
    e, full = cr.explain(net, X, Y, "a_21"), cr.explain(net, X, Y, "a_21", full=True)
    assert "… 196 more terms" in e.steps[-1].symbolic
    assert len(full.steps[-1].symbolic) > 20 * len(e.steps[-1].symbolic) / 3
    assert "more" not in full.steps[-1].symbolic
    assert math.isclose(e.steps[-1].value, full.steps[-1].value, rel_tol=1e-12)
    assert check_step(e.steps[-1])
    assert check_step(full.steps[-1])
    for asked in (False, True):
        steps = cr.explain(net, X, Y, "dL/db_1", full=asked).steps
        assert ["…" in step.substituted for step in steps] == [False, *[not asked] * (len(steps) - 1)]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_contributions_of_a_batch_add_up(reduction):
    net = cr.Network.random([3, 4, 2], "tanh", seed=0, reduction=reduction)
    x, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 2
    e = cr.explain(net, x, y, "dL/dW_111", sample_weight=np.arange(30.0))
    assert len(e.contributions) == 30
    assert e.example == e.contributions[0].example
    assert math.isclose(sum(c.value for c in e.contributions), e.value, rel_tol=1e-12)
    assert "over the batch is the sum of what its examples add" in " ".join(str(e).split())
    assert cr.explain(net, x, y, "dL/dW_111", example=7).example == 7


def test_examples_that_add_the_same_stand_in_their_order():
    net = cr.Network.random([3, 4, 2], "tanh", seed=0)
    x = np.tile(np.eye(3) + 1, (20, 1))  # three examples, twenty times
    e = cr.explain(net, x, np.zeros(60, int), "dL/dW_111")
    ordered = sorted(e.contributions, key=lambda c: (-abs(c.value), c.example))
    assert [c.example for c in e.contributions] == [c.example for c in ordered]
    assert len({c.value for c in e.contributions}) == 3


def test_dead_units_and_saturated_ones():
    dead = cr.Network([[[-1.0, -1.0]], [[2.0]]], None, "relu", "identity", "half_squared_error")
    e = cr.explain(dead, [1.0, 1.0], [1.0], "dL/dW_111")
    assert e.value == 0
    assert all(check_step(s) for s in e.steps)
    kink = cr.explain(dead, [1.0, -1.0], [1.0], "dL/da_11")
    assert "on the kink, g'(0) = 0 by convention" in " ".join(str(kink).split())
    for logit in (8.0, 40.0, 1000.0, -1000.0):
        net = cr.Network([[[1.0], [0.0]]], None, output="softmax", loss="cross_entropy")
        for name in ("L", "dL/dW_111", "yhat_2", "dL/da_1"):
            e = cr.explain(net, [logit], 1, name)
            assert all(check_step(s) for s in e.steps), name


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "softplus", "gelu", "elu"])
@pytest.mark.parametrize("a", [-700.0, -36.0, -1e-9, 1e-9, 20.0, 36.0, 700.0])
def test_lines_keep_their_digits_where_the_textbook_formula_loses_them(output, a):
    net = cr.Network([[[a]]], None, output=output, loss="half_squared_error")
    e = cr.explain(net, [1.0], [0.3], "dyhat_1/da_11")
    assert check_step(e.steps[-1])
    assert math.isclose(e.steps[-1].value, e.value, rel_tol=1e-6, abs_tol=1e-300)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("W_111", "a derivative, or a value that is computed"),
        ("dyhat/dx_1", "such as dyhat_1/dx_1"),
        ("dL/dW_311", "one of x (3)"),
        ("foo", "a name such as"),
        ("da_11/da_21", "a_21, which comes after it"),
    ],
)
def test_questions_that_make_no_sense(name, says):
    with pytest.raises(cr.InputError, match=re.escape(says)):
        cr.explain(NET, X, Y, name)


def test_options_that_make_no_sense():
    for options in ({"notation": "greek"}, {"example": 2}, {"sample_weight": [1.0, 2.0]}):
        with pytest.raises(cr.InputError, match=next(iter(options))):
            cr.explain(NET, X, Y, "dL/dW_111", **options)


def test_targets_are_not_needed_for_what_does_not_depend_on_them():
    assert cr.explain(NET, X, None, "dyhat_1/da_21").value == NET.forward(X)["dyhat_1/da_21"]
    assert cr.explain(NET, X, None, "a_21").value == NET.forward(X)["a_21"]
    with pytest.raises(cr.InputError, match="targets"):
        cr.explain(NET, X, None, "dL/dW_111")


def test_names_in_the_table_of_given_values_are_those_the_steps_use():
    e = cr.explain(NET, X, Y, "dL/dW_111", "delta")
    assert [to_text(n, "delta") for n, _ in e.given] == ["a^0", "a^1", "yhat", "y"]
    assert read("δ^2")[0] in {s.quantity for s in cr.explain(NET, X, Y, "dL/dw^1").steps}


def test_the_data_of_an_explanation_are_plain():
    for name in ("dL/dW_1", "dL/dW_111", "L"):
        e = cr.explain(NET, [X, X], [Y, Y], name)
        assert json.loads(json.dumps(e.to_dict()))["quantity"] == name


def test_a_whole_parameter_over_a_batch_says_whose_steps_these_are():
    x = np.array([[0.1, 0.0, 0.0], X])
    e = cr.explain(NET, x, [Y, Y], "dL/dW_1")
    assert e.example == 2
    text = " ".join(str(e).split())
    assert "summed over the batch. The steps below are of example 2 alone, whose coefficient" in text
    assert "Over the batch" in text


@pytest.mark.parametrize("x", [10.0, 30.0, 36.0])
def test_the_softmax_keeps_its_digits_next_to_1(x):
    net = cr.Network([[[1.0], [0.0]]], None, output="softmax", loss="squared_error")
    rest = math.exp(-x) / (1 + math.exp(-x))  # the other probability, without cancelling
    for shortcuts in (True, False):
        b = net.backward([x], [0.0, 1.0], shortcuts=shortcuts)
        assert b["dL/da_11"] == pytest.approx(4 * rest * (1 - rest) ** 2, rel=1e-12)
