"""Right derivations in the conventions of books and courses are not accused, and a wrong number in one is found."""

import re
from itertools import product

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.auditing.records import ACCEPTED
from tests.support.author_conventions import BOOKS, Case, bishop, book, code, counted, second_letters
from tests.support.sample import covering

ONE_HIDDEN = ((2, 2, 1), (2, 3, 2), (3, 2, 2), (2, 2, 2), (3, 2, 1))
DEEP = (*ONE_HIDDEN, (2, 3, 2, 2), (3, 2, 2, 1))
ONE_OUTPUT = ((2, 2, 1), (3, 3, 1), (2, 3, 1))
ENTROPY = {"loss": "binary_cross_entropy"}
HOW = ("design", "own", "none")
#: style -> how it is written, sizes to draw from, settings of the case, headers that it has
STYLES = {
    "Nielsen": (counted("^%s", "w", 2), DEEP, {}, HOW),
    "Nielsen, the last layer L": (counted("^{%s}", "w", 2, top=True), DEEP, {}, HOW),
    "Nielsen in brackets": (counted("^{[%s]}", "W", 2), DEEP, {}, HOW),
    "Ng's first course": (counted("^{(%s)}", "Θ", 1), DEEP, ENTROPY, HOW),
    "W, b and layers from the inputs": (counted("^{(%s)}", "W", 1), DEEP, ENTROPY, HOW),
    "Bishop": (bishop, DEEP, {}, ("design", "none")),
    "v and c": (second_letters, ONE_OUTPUT, {}, HOW),
    **{name: (book(name), ONE_HIDDEN, {}, HOW) for name in BOOKS},
}
FEW = settings(  # each is a whole sheet read in many ways
    max_examples=max(1, settings.default.max_examples // 20), phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
CASES = [(style, how) for style, (*_, ways) in STYLES.items() for how in ways]


def drawn(style, seed, latex, data):
    made, sizes, how, _ = STYLES[style]
    case = Case(data.draw(st.sampled_from(sizes)), seed, latex, **how)
    return case, made(case)


def accused(head, claims):
    lines = cr.audit(head + "\n".join(claims) + "\n").lines
    assert len(lines) >= len(claims)
    return [(a.text, a.verdict, a.message) for a in lines if a.verdict not in ACCEPTED]


def spoilt(claim, data):
    """A claim with one of its numbers another."""
    numbers = list(re.finditer(r"-?\d+\.\d{4}", claim))
    at = data.draw(st.sampled_from(numbers))
    return (
        f"{claim[: at.start()]}{float(at[0]) + data.draw(st.sampled_from((0.31, -0.27, 0.55))):.4f}{claim[at.end() :]}"
    )


@pytest.mark.parametrize(("style", "how"), covering(CASES))
@FEW
@given(seed=st.integers(0, 2**32 - 1), latex=st.booleans(), data=st.data())
def test_a_right_derivation_is_right(style, how, seed, latex, data):
    case, sheet = drawn(style, seed, latex, data)
    assert accused(*case.text(sheet, how)) == []


@pytest.mark.parametrize("style", STYLES)
@FEW
@given(seed=st.integers(0, 2**32 - 1), latex=st.booleans(), data=st.data())
def test_one_wrong_number_is_never_right(style, seed, latex, data):
    case, sheet = drawn(style, seed, latex, data)
    head, claims = case.text(sheet, "design")
    at = data.draw(st.integers(0, len(claims) - 1))
    claims[at] = spoilt(claims[at], data)
    found = {text.strip(" $"): verdict for text, verdict, _ in accused(head, claims)}
    assert found.pop(claims[at].strip(" $")) in ("wrong", "undecided")
    assert "wrong" not in found.values()


@pytest.mark.parametrize(
    ("columns", "how", "batch"),
    covering(product((True, False), ("design", "none"), (((2, 3, 1), 4), ((2, 3, 1), 2), ((3, 2, 2), 3)))),
)
def test_code_takes_the_mean_with_the_weights(columns, how, batch):
    sizes, n = batch
    case = Case(sizes, sum(sizes) + n, n=n, **ENTROPY)
    head, claims = case.text(code(columns)(case), how)
    audit = cr.audit(head + "\n".join(claims) + "\n")
    assert [(a.text, a.message) for a in audit.lines if a.verdict not in ACCEPTED] == []
    assert "each_example" in [one.id for one in audit.conventions]
    claims[-1] = re.sub(r"= \[.*", "= " + case.write([[0.9]] * sizes[1] if columns else [[0.9] * sizes[1]]), claims[-1])
    assert cr.audit(head + "\n".join(claims) + "\n").lines[-1].verdict == "wrong"


BATCH = """+++
x = [[0.5, -0.2], [0.1, 0.8]]
y = [[1], [0]]
output = sigmoid
loss = half_squared_error
W = [[0.3, -0.1]]
b = 0.2
+++
"""


def test_superscripts_that_count_examples_are_no_layers():
    lines = "yhat^{(1)} = 0.5915\nyhat^{(2)} = 0.5374\nL^{(1)} = 0.0834\nL^{(2)} = 0.1444\n"
    lines += "L = 1/2*(L^{(1)} + L^{(2)}) = 0.1139\n"
    verdicts = [a.verdict for a in cr.audit(BATCH + lines).lines]
    assert not {"wrong", "follows", "unreadable"} & set(verdicts)
    assert cr.audit(BATCH + lines + "L = 0.2139\n").lines[-1].verdict == "wrong"


def test_a_loss_that_is_added_up_of_parts():
    head = "+++\nx = [1]\ny = [0, 1]\noutput = sigmoid\nloss = half_squared_error\nW = [[0.5], [0.2]]\n+++\n"
    parts = "E_1 = 1/2*(0 - yhat_1)^2 = {}\nE_2 = 1/2*(1 - yhat_2)^2 = 0.1013\nE_total = E_1 + E_2 = {}\n"
    assert [a.verdict for a in cr.audit(head + parts.format(0.1937, 0.2951)).lines] == ["rounded"] * 3
    wrong, _, total = cr.audit(head + parts.format(0.1837, 0.2851)).lines
    assert (wrong.verdict, total.verdict) == ("wrong", "follows")
    wrong, _, total = cr.audit(head + parts.format(0.1837, 0.2951)).lines
    assert (wrong.verdict, total.verdict) == ("wrong", "rounded")
    alone = cr.audit(head + "E_1 = 0.1837\nE_2 = 0.1013\nE_total = E_1 + E_2 = 0.2951\n").lines
    assert [a.verdict for a in alone] == ["wrong", "rounded", "rounded"]
    assert [a.verdict for a in cr.audit(head + "E_total = E_1 + E_2 = 0.2951\n").lines] == ["undecided"]


@pytest.mark.parametrize("written", [r"\frac{\partial L}{\partial b_1}", "∂L/∂b_1", "dL/db_1"])
def test_a_gradient_is_no_bias_that_is_given(written):
    text = f"x = [1]\ny = [1]\nsigmoid, half squared error\nW_1 = [[0.5]]\n\n$a_1 = [0.5]$\n\n$${written} = -0.0887$$\n"
    audit = cr.audit(text)
    assert [a.verdict for a in audit.lines] == ["right", "rounded"]
