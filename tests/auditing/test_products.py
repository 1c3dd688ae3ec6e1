"""Products and functions by the shapes that are due; parameters that get their new value under their old name."""

import random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import InputError, Network
from chainrule.auditing.model.digits import numbers_of
from chainrule.auditing.model.new_values import is_new_value
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.products import fitted, with_functions
from chainrule.formula import evaluate
from chainrule.formula import tree as t
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.names import Quantity, read
from tests.support.sample import seeds

HALVES = st.integers(-9, 9).filter(bool).map(lambda n: n / 2)


def vector(values):
    return t.Array(tuple(t.Number(float(value), str(float(value))) for value in values))


def unknown(symbol):
    raise InputError("name", "a quantity", str(symbol))


def value(tree, due, lookup=unknown):
    found = np.asarray(evaluate(fitted(tree, due, lookup), lookup))
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


@given(st.lists(st.tuples(HALVES, HALVES), min_size=2, max_size=5), st.sampled_from((t.Mul, t.Hadamard)))
def test_a_product_of_two_vectors(pairs, kind):
    u, v = map(np.array, zip(*pairs, strict=True))
    tree = kind((vector(u), vector(v)))
    np.testing.assert_allclose(value(tree, len(u)), u * v)
    np.testing.assert_allclose(value(tree, None), u * v)
    if kind is t.Mul:
        assert value(tree, 1).item() == pytest.approx(u @ v)
        assert value(t.Mul((t.Transpose(vector(u)), vector(v))), 1).item() == pytest.approx(u @ v)
        both = t.Add((t.Mul((t.Transpose(vector(u)), vector(v))), t.Mul((vector(u), vector(v)))))
        assert value(both, 1).item() == pytest.approx(2 * u @ v)
        shifted = t.Add((t.Mul((t.Number(2.0), vector(u), vector(v))), t.Number(0.5)))
        assert value(shifted, 1).item() == pytest.approx(2 * u @ v + 0.5)


def test_a_product_of_names_is_left_to_the_ways_of_reading_rows():
    x, W, b = (t.Ref(Quantity(*name)) for name in (("x",), ("W", 1), ("b", 1)))
    shapes = {Quantity("x"): np.ones(3), Quantity("W", 1): np.ones((3, 2)), Quantity("b", 1): np.ones(2)}
    formula = t.Add((t.Mul((x, W)), b))
    assert fitted(formula, 2, shapes.__getitem__) == formula
    numbers = t.Add((t.Mul((vector([1.0, 2.0, 3.0]), W)), b))
    assert fitted(numbers, 2, shapes.__getitem__) != numbers


@given(st.lists(HALVES, min_size=2, max_size=4), st.lists(HALVES, min_size=2, max_size=4))
def test_the_sign_of_the_outer_product(u, v):
    tree = t.Call("otimes", (vector(u), vector(v)))
    np.testing.assert_allclose(value(tree, len(u) * len(v)), np.outer(u, v))
    if len(u) == len(v):
        for due in (len(u), None):
            np.testing.assert_allclose(value(tree, due), np.multiply(u, v))


@given(st.lists(HALVES, min_size=2, max_size=3), st.integers(2, 4), st.data())
def test_a_vector_before_a_matrix_is_a_row(u, columns, data):
    assume(len(u) != columns)
    W = np.array(data.draw(st.lists(HALVES, min_size=len(u) * columns, max_size=len(u) * columns))).reshape(
        len(u), columns
    )
    tree = t.Mul((vector(u), t.Array(tuple(vector(row) for row in W))))
    np.testing.assert_allclose(np.ravel(value(tree, columns)), u @ W)


def problem(hidden, output="sigmoid"):
    network = Network([np.ones((2, 2)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)], hidden=hidden, output=output)
    return Problem(network, np.ones((1, 2)), np.ones((1, 1)), np.ones((1, 1)), True, 0.5)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("slope", ["", "'"])
def test_the_function_of_a_layer_at_numbers(hidden, slope):
    numbers = (vector([0.5, -1.5]),)
    due = t.Call(f"{hidden}{slope}", numbers)
    assert with_functions(t.Call(f"g_1{slope}", numbers), problem(hidden), None) == due
    for name in ("g", "sigma"):
        call = t.Call(f"{name}{slope}", numbers)
        of_sigmoid = name == "sigma" and hidden in ("silu", "softplus", "gelu", "elu")  # x σ(x) has the sigmoid in it
        assert with_functions(call, problem(hidden), 1) == (call if of_sigmoid else due)
        assert with_functions(t.Call(f"{name}{slope}", numbers), problem(hidden), None).function == f"{name}{slope}"
    named = t.Call(f"g{slope}", (t.Ref(Quantity("a", 1)),))
    assert with_functions(named, problem(hidden), 2) == named  # its argument says which layer it is
    with pytest.raises(InputError, match="a layer from 1 to 2; got 3"):
        with_functions(t.Call("g_3", numbers), problem(hidden), None)


@given(st.lists(HALVES, min_size=1, max_size=3), st.lists(HALVES, min_size=1, max_size=3))
def test_new_values_of_a_parameter(old, steps):
    steps = (steps * 3)[: len(old)]
    b, before, new = Quantity("b", 2), np.array(old), np.array(old) - 0.5 * np.array(steps)
    step = t.Neg(t.Mul((t.Number(0.5, "0.5"), vector(steps))))
    written = numbers_of(vector(new), 0.01)
    by_numbers, by_name = t.Add((vector(old), step)), t.Add((t.Ref(b), step))
    by_gradient = t.Add((t.Ref(b), t.Neg(t.Mul((t.Ref("eta"), t.Ref(read("dL/db_2")[0]))))))
    for formula in (by_numbers, by_name, by_gradient):
        assert is_new_value(b, before, written, [formula])
        assert is_new_value(b, before, None, [formula])
        assert not is_new_value(b, before, numbers_of(vector(old), 0.01), [formula], sure=True)
    assert is_new_value(b, before, written, [], sure=True)
    assert not is_new_value(b, before, written, [])
    assert not is_new_value(b, before, written, [t.Add((vector(new), step)), t.Add((t.Ref(Quantity("b", 1)), step))])


@pytest.mark.parametrize("seed", seeds(4))
@pytest.mark.parametrize("off", [0.0, 0.1])
@pytest.mark.parametrize("factor", ["", "1 \\cdot "])
def test_a_column_by_a_row_in_plain_brackets_is_an_outer_product(seed: int, off: float, factor: str) -> None:
    draw = random.Random(seed)
    inputs, units = draw.randint(1, 4), draw.randint(2, 4)
    x = [round(draw.uniform(-1, 1), 1) for _ in range(inputs)]
    W = [[round(draw.uniform(-1, 1), 1) for _ in range(inputs)] for _ in range(units)]
    y = [round(draw.uniform(-1, 1), 1) for _ in range(units)]
    d = [sum(w * one for w, one in zip(row, x, strict=True)) - t for row, t in zip(W, y, strict=True)]
    made = [[a * b for b in x] for a in d]
    made[-1][-1] += off
    column = r" \\ ".join(f"{one:.4f}" for one in d)
    matrix = r" \\ ".join(" & ".join(f"{one:.4f}" for one in row) for row in made)
    line = cr.audit(
        f'+++\noutput = "identity"\nloss = "half_squared_error"\nx = {x}\ny = {y}\n[[layer]]\nW = {W}\n'
        f"b = {[0] * units}\n+++\n$\\frac{{\\partial L}}{{\\partial W_1}} = {factor}\\begin{{bmatrix}} {column} "
        f"\\end{{bmatrix}} \\cdot {x} = \\begin{{bmatrix}} {matrix} \\end{{bmatrix}}$"
    ).lines[-1]
    assert line.verdict == "wrong" if off else line.verdict in ("right", "rounded"), line.message
