"""What a formula is worth: numbers, columns and matrices, each function, shapes that do not fit, and magnitudes."""

import math
import re

import numpy as np
import pytest
from scipy import special

from chainrule import InputError
from chainrule.formula import evaluate, parse
from chainrule.formula.evaluate import FUNCTIONS, MOST_ENTRIES, magnitude
from chainrule.formula.tree import Add, Call, Diff, Hadamard, More, Ref
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.names import read

M = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
NAMES = {
    "p": 2.0, "q": -3.0, "v": np.array([1.0, -2.0]), "u": np.array([0.5, 4.0]), "r": np.array([[1.0, 2.0, 4.0]]),
    "M": M, "S": np.array([[2.0, 1.0], [0.0, 3.0]]),
}  # fmt: skip
COLUMN = NAMES["v"][:, None]


def value(formula, **more):
    return evaluate(parse(formula, "free"), (NAMES | more).__getitem__)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("p + q - 4", -5.0),
        ("-p^2", -4.0),
        ("p^-1", 0.5),
        ("p/q", -2 / 3),
        ("p*q*q", 18.0),
        ("v", [[1], [-2]]),
        ("v^T", [[1, -2]]),
        ("v^T + u", [[1.5, 2]]),  # a row and a column of one length: as the first
        ("v + u^T", [[1.5], [2]]),
        ("[3]*v", [[3], [-6]]),
        ("v*[3]", [[3], [-6]]),
        ("[p, q]", [[2], [-3]]),
        ("[]", np.zeros((0, 1))),
        ("[[1, p], [q, 4]]", [[1, 2], [-3, 4]]),
        ("[v^T, u^T]", [[1, -2], [0.5, 4]]),
        ("v + p", [[3], [0]]),
        ("p + v", [[3], [0]]),
        ("v + u", [[1.5], [2]]),
        ("v*p", [[2], [-4]]),
        ("v ⊙ u", [[0.5], [-8]]),
        ("p ⊙ v", [[2], [-4]]),
        ("v/u", [[2], [-0.5]]),
        ("v^2", [[1], [4]]),
        ("p^v", [[2], [0.25]]),
        ("v^T*u", [[-7.5]]),
        ("v*u^T", [[0.5, 4], [-1, -8]]),
        ("v*u", [[0.5], [-8]]),  # no product of matrices: written for the elementwise one
        ("S*S", [[4, 5], [0, 9]]),  # a product of matrices, where it is one
        ("S*M", [[6, 1, 0], [12, 15, -18]]),
        ("M + v", [[2, -1, 4], [2, 3, -8]]),  # to each column
        ("M + r", [[2, 0, 7], [5, 7, -2]]),  # to each row
        ("r + M", [[2, 0, 7], [5, 7, -2]]),
    ],
)
def test_values(formula, expected):
    found = value(formula)
    np.testing.assert_array_equal(found, expected)
    assert np.shape(found) == np.shape(expected)
    assert isinstance(found, float) == (np.ndim(expected) == 0)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("v + [1, 2, 3]", "sum: expected terms of one shape (2 x 1); got 3 x 1"),
        ("v + r", "sum: expected terms of one shape (2 x 1); got 1 x 3"),  # two axes differ
        ("M + S", "sum: expected terms of one shape (2 x 3); got 2 x 2"),  # one axis, but neither has length 1
        ("M*S", "product: expected a right factor of 3 rows (the left one is 2 x 3); got 2 x 2"),
        ("v ⊙ v^T", "elementwise product: expected factors of one shape (2 x 1); got 1 x 2"),
        ("M/S", "quotient: expected arguments of one shape; got 2 x 3, 2 x 2"),
        ("M^S", "power: expected arguments of one shape; got 2 x 3, 2 x 2"),
        ("max(p, M, S)", "function max: expected arguments of one shape; got a number, 2 x 3, 2 x 2"),
        ("exp(p, q)", "function exp: expected 1 argument; got 2"),
        ("[[1, 2], [3]]", "matrix: expected rows of one length; got rows of 2, 1"),
        ("t", "value: expected a number, a vector or a matrix; got 1 x 1 x 1"),
    ],
)
def test_shapes_that_do_not_fit(formula, says):
    with pytest.raises(InputError, match="^" + re.escape(says) + "$"):
        value(formula, t=np.zeros((1, 1, 1)))


@pytest.mark.parametrize("formula", ["diag(v)", "v*v^T", "max(v, v^T)"])
def test_arrays_are_no_larger_than_the_limit(formula):
    side = math.isqrt(MOST_ENTRIES)
    assert side**2 == MOST_ENTRIES
    assert value(formula, v=np.zeros(side)).shape == (side, side)
    with pytest.raises(InputError, match=f"array: expected at most {MOST_ENTRIES} entries; got {(side + 1) ** 2}"):
        value(formula, v=np.zeros(side + 1))


def test_undefined_values_are_values():
    np.testing.assert_array_equal(value("[1/z, log(z), 0/z, -1/z]", z=0.0), [[np.inf], [-np.inf], [np.nan], [-np.inf]])


X = np.array([-2.0, -0.5, 0.0, 0.25, 3.0])
SOFTPLUS = np.log1p(np.exp(X))
ELEMENTWISE = {
    "exp": np.exp(X), "sin": np.sin(X), "cos": np.cos(X), "tan": np.tan(X), "sinh": np.sinh(X),
    "cosh": np.cosh(X), "abs": np.abs(X), "sign": np.sign(X),
    "sigma": 1 / (1 + np.exp(-X)), "logsoftplus": np.log(SOFTPLUS), "step": [0, 0, 0, 1, 1],
    "Phi": special.ndtr(X), "phi": np.exp(-(X**2) / 2) / math.sqrt(2 * math.pi),
    "clip": np.clip(X, -1, 1), "huber": np.where(np.abs(X) <= 1, X**2 / 2, np.abs(X) - 0.5),
}  # fmt: skip
POSITIVE = {"log": np.log, "ln": np.log, "log10": np.log10, "log2": np.log2, "sqrt": np.sqrt}
#: of the whole array
WHOLE = {
    "diag(v)": [[1, 0], [0, -2]], "sum(v)": -1.0, "sum(M)": 5.0, "sum(p)": 2.0, "max(v, u)": [[1], [4]],
    "max(0, v)": [[1], [0]], "min(v, u, p)": [[0.5], [-2]], "max(q, p, 1)": 2.0, "min(q, p, 1)": -3.0,
    "softmax(v)": [[1 / (1 + np.exp(-3))], [1 / (1 + np.exp(3))]],
    "softmax(v^T)": [[1 / (1 + np.exp(-3))], [1 / (1 + np.exp(3))]],
    "mean(v)": -0.5, "sum_rows(v)": [[-1.0]], "sum_columns(v)": [[1.0], [-2.0]],
    "logsumexp(p, q)": np.log(np.exp(2) + np.exp(-3)), "logsumexp(1000, 1000)": 1000 + np.log(2),
    "logsumexp(v, u)": np.log(np.exp([[1], [-2]]) + np.exp([[0.5], [4]])),
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_each_entry(name):
    np.testing.assert_allclose(value(f"{name}(v)", v=X), np.array(ELEMENTWISE[name])[:, None], rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", POSITIVE)
def test_functions_of_positive_numbers(name):
    assert value(f"{name}(p)", p=3.7) == POSITIVE[name](3.7)


@pytest.mark.parametrize("formula", WHOLE)
def test_functions_of_whole_arrays(formula):
    found = value(formula)
    assert np.shape(found) == np.shape(WHOLE[formula])
    np.testing.assert_allclose(found, WHOLE[formula], rtol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes_are_those_of_the_table(name):
    for function, rule in ((name, ACTIVATIONS[name].g), (f"{name}'", ACTIVATIONS[name].dg)):
        found = evaluate(Call(function, (Ref("v"),)), lambda _: X)
        np.testing.assert_array_equal(found, rule(X)[:, None])


def test_every_function_has_its_value_tested():
    tested = {*ELEMENTWISE, *POSITIVE, *(f.partition("(")[0] for f in WHOLE)}
    assert set(FUNCTIONS) == tested | set(ACTIVATIONS) | {f"{name}'" for name in ACTIVATIONS}


def test_an_unknown_function_is_said_with_those_that_are_known():
    with pytest.raises(InputError, match=r"function f: expected one of Phi, abs, .*tanh; got 'f'"):
        evaluate(Call("f", (Ref("p"),)), NAMES.__getitem__)


def test_terms_that_are_not_shown_count():
    assert evaluate(Add((Ref("p"), More((Ref("q"), Ref("q"))))), NAMES.__getitem__) == -4.0


# ---------------------------------------------------------------- derivatives of formulas


def components(**arrays):
    """Values of the names of the notes: whole arrays, and their components."""

    def lookup(name):
        array = np.asarray(arrays[str(name.whole)])
        return array[tuple(i - 1 for i in name.index)] if name.index else array

    return lookup


@pytest.mark.parametrize(
    ("formula", "wrt", "expected"),
    [
        ("yhat_1^3", "yhat_1", 3 * 0.3**2),
        ("yhat_1^3", "yhat_2", 0.0),
        ("sum(yhat*yhat_1)", "yhat_1", 2 * 0.3 + 0.7),
        ("sum(exp(W_2))", "W_223", np.exp(6.0)),
        ("sum(W_2)*W_223", "W_223", 28 + 6),
        ("exp(20*a_21)", "a_21", 20 * np.exp(20.0)),
    ],
)
def test_a_derivative_of_a_formula_moves_the_component_and_its_array(formula, wrt, expected):
    lookup = components(yhat=[0.3, 0.7], W_2=np.arange(8.0).reshape(2, 4), a_2=[1.0, 2.0])
    found = evaluate(Diff(parse(formula), read(wrt)[0]), lookup)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_derivative_by_a_component_of_a_column():
    """Values may come as columns (m, 1): the component is then the entry of its row."""
    lookup = components(yhat=[[0.3], [0.7]])

    def columns(name):
        return float(lookup(name)[0]) if name.index else lookup(name)

    found = evaluate(Diff(parse("sum(yhat^2)"), read("yhat_2")[0]), columns)
    assert found == pytest.approx(1.4, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_a_derivative_of_a_formula_is_exact_for_the_fourth_power(scale):
    """The five-point rule is, whatever the step; it grows with the number, and is never below 0.001."""
    found = evaluate(Diff(parse("a_21^4"), read("a_21")[0]), components(a_2=[scale]))
    assert found == pytest.approx(4 * scale**3, rel=1e-9, abs=1e-12)


def test_a_derivative_holds_arrays_as_they_are():
    array = np.array([0.3, 0.7])
    evaluate(Diff(parse("sum(yhat^2)"), read("yhat_2")[0]), components(yhat=array))
    assert array.tolist() == [0.3, 0.7]


# ---------------------------------------------------------------- magnitudes


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("p + q - 4", 9.0),
        ("-(p - 5)", 7.0),
        ("(p + q)*(p - q)", 25.0),
        ("(p + q)/(p + q)", 5.0),  # a quotient's sum above the line alone: below it cancellation is no error
        ("(v + u)^T", [[1.5, 6]]),
        ("M*(v + u)^T", None),
        ("sin(q)", abs(math.sin(-3.0))),
        ("v*u^T", [[0.5, 4], [1, 8]]),
        ("q/0", np.inf),
    ],
)
def test_the_magnitude_takes_every_term_as_positive(formula, expected):
    tree = parse(formula, "free")
    if expected is None:
        with pytest.raises(InputError, match="a right factor of 3 rows"):
            magnitude(tree, NAMES.__getitem__)
    else:
        np.testing.assert_allclose(magnitude(tree, NAMES.__getitem__), expected, rtol=1e-15)


def test_magnitudes_of_elementwise_products_and_of_terms_not_shown():
    product = Hadamard((Add((Ref("p"), Ref("q"))), Ref("v")))
    np.testing.assert_array_equal(magnitude(product, NAMES.__getitem__), [[5], [10]])
    assert magnitude(Add((Ref("q"), More((Ref("q"), Ref("p"))))), NAMES.__getitem__) == 8.0
