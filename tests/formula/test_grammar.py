"""Formulas as explanations and graphs read them: trees, the three sets of names, and what is said of the others."""

import re

import pytest

from chainrule import InputError
from chainrule.formula import parse
from chainrule.formula.grammar import DEEPEST, LONGEST, LONGEST_NUMBER
from chainrule.formula.tree import Add, Array, Call, Div, Hadamard, Mul, Neg, Number, Pow, Ref, Slope, Transpose
from chainrule.network.names import read


def n(written):
    return Number(float(written), written)


a, b, c = (Ref(name) for name in "abc")


@pytest.mark.parametrize(
    ("formula", "tree"),
    [
        ("a + b - c", Add((a, b, Neg(c)))),
        ("a − b", Add((a, Neg(b)))),
        ("a - (b + c)", Add((a, Neg(Add((b, c)))))),
        ("(a + b) + c", Add((Add((a, b)), c))),
        ("a*b*c", Mul((a, b, c))),
        ("a*(b*c)", Mul((a, Mul((b, c))))),
        ("a·b × c", Mul((a, b, c))),
        ("a ⊙ b ⊙ c", Hadamard((a, b, c))),
        ("a*b ⊙ c", Hadamard((Mul((a, b)), c))),
        ("a ⊙ b*c", Mul((Hadamard((a, b)), c))),
        ("a/b/c", Div(Div(a, b), c)),
        ("a/b*c", Mul((Div(a, b), c))),
        ("a*b/c", Div(Mul((a, b)), c)),
        ("-a^2", Neg(Pow(a, n("2")))),
        ("(-a)^2", Pow(Neg(a), n("2"))),
        ("a^-2", Pow(a, Neg(n("2")))),
        ("a^b^T", Pow(a, Transpose(b))),
        ("+a", a),
        ("--a", Neg(Neg(a))),
        ("a^T", Transpose(a)),
        ("a^Tᵀ", Transpose(Transpose(a))),
        ("[a, b]", Array((a, b))),
        ("[a]", Array((a,))),
        ("[]", Array(())),
        ("[[a, b], [b, c]]", Array((Array((a, b)), Array((b, c))))),
        ("max(a, b, c)", Call("max", (a, b, c))),
        ("max()", Call("max", ())),
        ("tanh'(a)", Call("tanh'", (a,))),
        ("σ(a)", Call("sigma", (a,))),
        ("exp + a", Add((Ref("exp"), a))),
        ("1.5", n("1.5")),
        (".5", n(".5")),
        ("2.", n("2.")),
        ("1e-3", n("1e-3")),
        ("1E+3", n("1E+3")),
        ("a + … 3 more terms (0.25)", Add((a, n("0.25")))),
        ("a + … 1 more term (-0.25)", Add((a, Neg(n("0.25"))))),
    ],
)
def test_a_formula_is_read_to_its_tree(formula, tree):
    assert parse(formula, "free") == tree


@pytest.mark.parametrize(
    ("names", "formula", "tree"),
    [
        ("textbook", "W_212", Ref(read("W_212")[0])),
        ("textbook", "W_{2,1,2}", Ref(read("W_212")[0])),
        ("textbook", "W_2", Ref(read("W_2")[0])),
        ("textbook", "dL/dW_2", Ref(read("dL/dW_2")[0])),
        ("textbook", "∂L/∂W_212", Ref(read("dL/dW_212")[0])),
        ("textbook", "L/a_21", Div(Ref(read("L")[0]), Ref(read("a_21")[0]))),
        ("textbook", "g'(a_1)", Ref(Slope(1))),
        ("textbook", "g'(a_12,)", Ref(Slope(12))),
        ("textbook", "yhat_{1,2}", Ref("yhat_{1,2}")),
        ("delta", "w^2", Transpose(Ref(read("W_2")[0]))),
        ("delta", "dL/dw^2", Transpose(Ref(read("dL/dW_2")[0]))),
        ("delta", "w^2_21", Ref(read("w^2_21")[0])),
        ("delta", "δ^2", Ref(read("dL/da_2")[0])),
        ("delta", "a^1", Ref(read("h_1")[0])),
        ("delta", "σ'(z^3)", Ref(Slope(3))),
        ("delta", "W_2", Ref(read("W_2")[0])),
        ("free", "W_212", Ref("W_212")),
    ],
)
def test_names_are_those_of_the_notation(names, formula, tree):
    assert parse(formula, names) == tree


def test_textbook_names_are_the_default():
    assert parse("h_11") == Ref(read("h_11")[0])


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("a **b", "expected one * (a power is written x^2) at column 4; got '*b'"),
        ("2a", "expected an operator (a product is written 2*x) at column 2; got 'a'"),
        ("a (b)", "expected an operator (functions are Phi, abs, clip"),
        ("a_1 (b)", "expected an operator (functions are Phi, abs, clip"),
        ("(a)(b)", "expected an operator (functions are Phi, abs, clip"),
        ("[a](b)", "expected an operator (functions are Phi, abs, clip"),
        ("(a) b", "expected an operator or the end at column 5; got 'b'"),
        ("a b", "expected an operator or the end at column 3; got 'b'"),
        ("a^b^c", "expected an operator (of powers of powers one needs brackets) at column 4; got '^c'"),
        ("a + )", "expected a number or a name at column 5; got ')'"),
        ("* a", "expected a number or a name at column 1; got '* a'"),
        ("a + ?bcdefghijklmnopq", "at column 5; got '?bcdefghijkl'"),
        ("a + ?b\nc", "at column 5; got '?b'"),
        ("a +", "expected more after its end; got the end"),
        ("a +  ", "expected more after its end; got the end"),
        ("", "formula '': expected more after its end; got the end"),
        ("a + … 3 more terms", "expected the sum of the terms left out, in brackets; got '… 3 more terms'"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_column(formula, says):
    with pytest.raises(InputError, match=re.escape(says)):
        parse(formula, "free")


@pytest.mark.parametrize(("length", "shown"), [(60, "a" * 59 + ")"), (61, "a" * 57 + "…")])
def test_a_long_formula_is_shown_in_part(length, shown):
    with pytest.raises(InputError, match=re.escape(f"formula {shown!r}: expected an operator or the end at column")):
        parse("a" * (length - 1) + ")", "free")


@pytest.mark.parametrize(
    ("formula", "is_read", "says"),
    [
        ("+".join(["a"] * (LONGEST // 2)) + " ", True, ""),
        ("+".join(["a"] * (LONGEST // 2)) + "  ", False, f"expected at most {LONGEST} characters; got {LONGEST + 1}"),
        ("(" * DEEPEST + "a" + ")" * DEEPEST, True, ""),
        ("[" * (DEEPEST + 1) + "a" + "]" * (DEEPEST + 1), False, f"at most {DEEPEST} brackets within brackets; got 61"),
        ("(a)*" * DEEPEST + "(a)", True, ""),
        ("1" * LONGEST_NUMBER, True, ""),
        ("1" * (LONGEST_NUMBER + 1), False, f"number: expected at most {LONGEST_NUMBER} characters; got 41"),
    ],
)
def test_limits(formula, is_read, says):
    if is_read:
        parse(formula, "free")
    else:
        with pytest.raises(InputError, match=re.escape(says)):
            parse(formula, "free")
