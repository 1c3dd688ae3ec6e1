"""Numbers put into formulas: none that is right, rounded, cut or carried on is accused; wrong ones are named."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.auditing.audit import audit_text
from chainrule.auditing.records import ACCEPTED
from chainrule.network.network import Network
from chainrule.teaching.author import header
from tests.support.sample import seeds

RATE = 0.5


@dataclass
class Drawn:
    """A network of sigmoids with the numbers that somebody would write for it."""

    network: Network
    x: np.ndarray
    y: np.ndarray
    values: dict[str, float]

    def sheet(self, *lines: str) -> str:
        return header(self.network, self.x, self.y, learning_rate=RATE) + "\n" + "\n".join(lines) + "\n"


def drawn(seed: int) -> Drawn:
    rng = np.random.default_rng((18, seed))
    d, m, k = (int(n) for n in rng.integers(1, 4, 3))

    def some(*shape: int) -> np.ndarray:
        return rng.uniform(0.11, 0.99, shape).round(2) * rng.choice((-1, 1), shape)

    net = Network([some(m, d), some(k, m)], [some(m), some(k)], "sigmoid", "sigmoid", "half_squared_error")
    x, y = some(d), rng.uniform(0, 1, k).round(1)
    b = net.backward(x, y)
    names = [f"x_{i + 1}" for i in range(d)] + [f"y_{i + 1}" for i in range(k)] + [f"yhat_{i + 1}" for i in range(k)]
    for i, (rows, columns) in enumerate(((m, d), (k, m)), 1):
        names += [f"W_{i}{r + 1}{c + 1}" for r in range(rows) for c in range(columns)]
        names += [f"{s}_{i}{r + 1}" for s in "ab" for r in range(rows)]
        names += [f"dL/da_{i}{r + 1}" for r in range(rows)]
    names += [f"h_1{r + 1}" for r in range(m)] + [f"dL/dh_1{r + 1}" for r in range(m)]
    return Drawn(net, x, y, {name: float(b[name]) for name in names})


def terms(d: Drawn, name: str) -> list[list[str]]:
    """The equation of a quantity as terms of factors, in names."""
    kind, index = name.split("_")
    layer, unit = index[0], index[1:]
    before = "x_{}" if layer == "1" else "h_1{}"
    sizes = d.network.sizes
    if kind == "a":
        found = [[f"W_{layer}{unit}{j}", before.format(j)] for j in range(1, sizes[int(layer) - 1] + 1)]
        return [*found, [f"b_{layer}{unit}"]]
    if kind == "dL/dh":
        return [[f"W_2{k}{unit}", f"dL/da_2{k}"] for k in range(1, sizes[2] + 1)]
    return [[f"dL/da_{layer}{unit[0]}", before.format(unit[1])]]


def shown(value: float, rng: np.random.Generator, cut: bool, decimals: int) -> str:
    if round(value, 2) == value:
        return f"{value:g}"
    kept = np.trunc(value * 10**decimals) / 10**decimals if cut else round(value, decimals)
    return f"{kept:.{decimals}f}"


def line(d: Drawn, name: str, rng: np.random.Generator, slip: bool) -> tuple[str, str, str] | None:
    """(the line, the literal that is wrong, the name it stands for), in any order, the formula shown or not."""
    sums, cut, decimals = terms(d, name), bool(rng.random() < 0.3), int(rng.integers(3, 6))
    values = {n: float(shown(d.values[n], rng, cut, decimals)) for term in sums for n in term}
    wrong = literal = ""
    if slip:
        wrong = str(rng.choice(list(values)))
        made = values[wrong] * float(rng.choice([0.1, 10])) if rng.random() < 0.3 else values[wrong] + 0.1
        values[wrong] = round(made, 6)
        literal = f"{values[wrong]:.6g}"
        if any(abs(abs(values[wrong]) - abs(d.values[n])) < 0.05 for n in values):
            return None
    total = sum(np.prod([values[n] for n in term]) for term in sums)
    written = f"{total:.4f}"

    def product(term: list[str]) -> str:
        return "*".join(f"({values[n]:.6g})" if values[n] < 0 else f"{values[n]:.6g}" for n in rng.permutation(term))

    order = [sums[i] for i in rng.permutation(len(sums))]
    numbers = " + ".join(map(product, order))
    formula = " + ".join("*".join(term) for term in sums) + " = " if rng.random() < 0.5 else ""
    return f"{name} = {formula}{numbers} = {written}", literal, wrong


def quantities(d: Drawn) -> list[str]:
    _, m, k = d.network.sizes
    found = [f"a_1{u}" for u in range(1, m + 1)] + [f"a_2{u}" for u in range(1, k + 1)]
    return found + [f"dL/dh_1{u}" for u in range(1, m + 1)] + [f"dL/dW_2{u}1" for u in range(1, k + 1)]


@pytest.mark.parametrize("block", seeds(2, 4))
def test_numbers_that_are_right_as_they_are_rounded_are_never_accused(block):
    for seed in range(8 * block, 8 * (block + 1)):
        rng = np.random.default_rng((1, seed))
        d = drawn(seed)
        lines = [line(d, name, rng, False)[0] for name in quantities(d)]
        for read in audit_text(d.sheet(*lines)).lines:
            assert read.verdict in ACCEPTED, (read.text, read.message)


@pytest.mark.parametrize("block", seeds(2, 4))
def test_a_wrong_number_is_named_with_what_it_stands_for(block):
    """Also where what the line gives agrees with it."""
    made = 0
    for seed in range(8 * block, 8 * (block + 1)):
        rng = np.random.default_rng((2, seed))
        d = drawn(seed)
        name = str(rng.choice(quantities(d)))
        if (planted := line(d, name, rng, True)) is None:
            continue
        text, literal, wrong = planted
        if len(terms(d, name)) == len(terms(d, name)[0]) == 1:
            continue  # one number alone is no arithmetic
        made += 1
        (read,) = audit_text(d.sheet(text)).lines
        assert read.verdict == "wrong", text
        assert f"stands where {wrong} = " in read.message, (text, read.message)
        assert literal.lstrip("-") in read.message, (literal, read.message)
    assert made > 5


HEADER = """+++
learning_rate = 0.2
[network]
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [1, 3]
y = [0]
[[network.layer]]
W = [[0.3, -0.2], [0.6, 0.1]]
b = [0.4, -0.5]
[[network.layer]]
W = [[0.7, -0.8]]
b = [0.9]
+++
h_1 = [0.5250, 0.5987]
yhat_1 = 0.6875
"""


@pytest.mark.parametrize(
    ("written", "id", "says"),
    [
        ("a_21 = 0.7*0.525 - 0.8*0.5987 + 0.6 = 0.4885", "digit_transposition_or_copy", "0.6 stands where b_21 = 0.9"),
        ("dL/dyhat_1 = yhat_1 - y_1 = 0.6875 - 1 = -0.3125", "digit_transposition_or_copy", "1 stands where y_1 = 0"),
        (
            "dyhat_1/da_21 = yhat_1*(1 - yhat_1) = 0.6857*(1 - 0.6857) = 0.2155",
            "digit_transposition_or_copy",
            "0.6857 stands where your yhat_1 = 0.6875 (digits swapped)",
        ),
        ("a_21 = 0.7*0.5250 - 0.08*0.5987 + 0.9 = 1.2196", "decimal_slip", "-0.08 stands where W_212 = -0.8"),
        ("a_21 = 0.7*0.5987 - 0.8*0.5987 + 0.9 = 0.8401", "index_slip", "0.5987 stands where your h_11 = 0.525"),
        ("a_21 = 0.7*0.5250 + 0.9 = 1.2675", "term_missing", "W_212*h_12 is missing"),
        ("a_21 = 0.7*0.5250 - 0.8*0.5987 + 0.9 + 0.9 = 1.6885", "used_twice", "0.9 stands there once more"),
        ("b_21' = b_21 - 0.2*dL/db_21 = 0.9 - 0.02*0.1477 = 0.8970", "decimal_slip", "0.02 stands where 0.2 should be"),
        ("dL/da_21 = 0.1477\ndL/dh_11 = 0.7*(-0.1477) = -0.1034", "sign_lost", "-0.1477 stands where your dL/da_21 ="),
    ],
)  # fmt: skip
def test_what_people_slip_with(written, id, says):
    read = audit_text(HEADER + written).lines[-1]
    assert (read.verdict, read.mistakes[:1]) == ("wrong", (id,))
    assert says in read.message


@pytest.mark.parametrize(
    "written",
    [
        "a_21 = 0.7*0.525 - 0.8*0.599 + 0.9 = 0.788",  # rounded again
        "a_21 = 0.7*0.52 - 0.8*0.59 + 0.9 = 0.792",  # cut
        "a_21 = 0.9 - 0.5987*0.8 + 0.5250*0.7 = 0.7885",  # in another order
        "a_21 = 0.3675 - 0.4790 + 0.9 = 0.7885",  # the products worked out
        "dL/da_21 = (0.6875 - 0)*0.6875*(1 - 0.6875) = 0.1477",
        "dL/da_21 = 0.6875*0.6875*0.3125 = 0.1477",  # a term that is 0 left out
        "dL/dW_211 = 0.6875*0.2148*0.5250 = 0.0775",
        "dL/dW_111 = 0.1477*0.7*0.5250*(1 - 0.5250)*1 = 0.0258",
        "a_11 = 0.3 - 0.2*3 + 0.4 = 0.1",  # a factor 1 left out
    ],
)
def test_ways_of_writing_what_is_right(written):
    read = audit_text(HEADER + written).lines[-1]
    assert read.verdict in ACCEPTED, read.message


def test_a_wrong_number_that_was_written_before_is_carried_on_and_not_accused():
    lines = audit_text(HEADER + "a_21 = 0.9\nyhat_1 = 0.7109\ndL/dyhat_1 = 0.7109 - 0 = 0.7109").lines
    assert [line.verdict for line in lines[2:]] == ["wrong", "follows", "follows"]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (
            "0.61*0.8 + 0.41*0.75 + 0.5*0.3 + 0.2 = 1.1455",
            "0.41 stands where W_111 = 0.4; 0.61 stands where W_112 = 0.6; a_11 should be 1.1300",
        ),
        (
            "0.6*0.88 + 0.4*0.57 + 0.5*0.3 + 0.2 = 1.13",
            "0.57 stands where x_1 = 0.75 (digits swapped); 0.88 stands where x_2 = 0.8",
        ),
    ],
)
def test_terms_in_another_order_are_told_apart_though_two_are_wrong(numbers, message):
    network = Network([[[0.4, 0.6, 0.5]]], [[0.2]], "identity", "identity", "half_squared_error")
    text = header(network, np.array([0.75, 0.8, 0.3]), np.array([1.0]))
    line = f"a_11 = W_111*x_1 + W_112*x_2 + W_113*x_3 + b_11 = {numbers}"
    assert audit_text(f"{text}\n{line}\n").lines[0].message == message
