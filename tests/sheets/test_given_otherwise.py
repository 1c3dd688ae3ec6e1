"""What lines give in ways of their own: beside dollars, with full-width signs, in tables that describe, by letters."""

import pytest

import chainrule as cr
from chainrule.sheets.setting.rate import rate_in
from tests.support.small_sheets import SmallSheet

RIGHT = {"right", "rounded"}
SEEDS = (3, 11)


def givens(sheet):
    """Names and numbers of a sheet's inputs, target, weights and biases, the biases one a layer."""
    numbers = [n for W in sheet.weights for row in W.tolist() for n in row]
    named = {f"w_{i}": n for i, n in enumerate(numbers, 1)}
    return {"x_1": sheet.x[0], "x_2": sheet.x[1], "y": sheet.y[0], **named}


class Even(SmallSheet):
    """Without biases, or with one a layer."""

    def __init__(self, seed, biases=(0.0, 0.0)):
        super().__init__(seed)
        self.biases = [self.biases[0] * 0 + biases[0], self.biases[1] * 0 + biases[1]]
        network = cr.Network(self.weights, self.biases, "sigmoid", "sigmoid", "half_squared_error")
        self.backward = network.backward(self.x, self.y)
        self.forward = self.backward.forward


def last(sheet, text, lines):
    """The verdicts of the last lines, with their numbers and with wrong ones."""
    found = cr.audit(f"{text}\n{sheet.filled(chr(10).join(lines))}\n").lines[-len(lines) :]
    wrong = cr.audit(f"{text}\n{sheet.filled(chr(10).join(lines)).replace('0.', '0.9')}\n").lines[-len(lines) :]
    assert not {line.verdict for line in wrong} & RIGHT
    return {line.text: line.verdict for line in found if line.verdict not in RIGHT}


LINES = ["h_11 = <<h_11>>", "h_12 = <<h_12>>", "yhat = <<yhat>>"]


@pytest.mark.parametrize("seed", SEEDS)
def test_plain_text_and_dollars_in_one_line(seed):
    sheet = Even(seed)
    parts = [f"{name} = {n}" if i % 2 else f"${name} = {n}$" for i, (name, n) in enumerate(givens(sheet).items())]
    assert last(sheet, ", ".join(parts) + ", sigmoid", LINES) == {}
    names_alone = [f"${name}$ = {n}" for name, n in givens(sheet).items()]
    assert last(sheet, ", ".join(names_alone) + ", sigmoid", LINES) == {}


@pytest.mark.parametrize("comma", ["，", "、", "；", "。"])
@pytest.mark.parametrize("sign", ["=", "＝"])
def test_full_width_signs(comma, sign):
    sheet = Even(3)
    text = "输入：" + comma.join(f"{name}{sign}{n}" for name, n in givens(sheet).items()) + f"{comma}sigmoid"
    lines = [*LINES, f"yhat{sign}σ（<<a_2>>）{sign}<<yhat>>", f"输出是：yhat{sign}<<yhat>>。"]
    assert last(sheet, text, lines) == {}


@pytest.mark.parametrize(
    "rows", ["| {0} | {1} | {2} |", "| {0} | {2} | {1} |", "| ${0}$ | {1} | ${2}$ |", "| {0} | {1} | {2} | weight |"]
)
@pytest.mark.parametrize("told", ["x₁ → h₁", "i1 -> h1", "from x1 to h1", "an input", r"x_1 \rightarrow h_1"])
def test_a_table_that_describes(rows, told):
    sheet = Even(11)
    width = rows.count("|") - 1
    head = "| Symbol " + "| Value " * (width - 1) + "|\n" + "|---" * width + "|\n"
    text = head + "\n".join(rows.format(name, n, told) for name, n in givens(sheet).items()) + "\n\nSigmoid units."
    assert last(sheet, text, LINES) == {}


def test_the_letters_of_two_layers():
    text = """ReLU units, linear output, squared error. x = [1, 2], y = 1
W = [[1, 0.5], [0.25, 1]], c = [0.5, -1], w = [1, -2], b = 0.5
"""
    good = cr.audit(text + "h = [2.5, 1.25]\nW x + c = [2.5, 1.25]\nyhat = 0.5\nyhat = w^T h + b = 0.5\n").lines
    assert {line.verdict for line in good} <= RIGHT
    assert len(good) == 4
    bad = cr.audit(text + "h = [2.5, 1.75]\nyhat = 1.5\n").lines
    assert not {line.verdict for line in bad} & RIGHT


@pytest.mark.parametrize("target", ["y", "t"])
@pytest.mark.parametrize("seed", SEEDS)
def test_one_bias_a_layer_beside_numbered_weights(seed, target):
    sheet = Even(seed, (0.3, -0.2))
    given = givens(sheet)
    given[target] = int(given.pop("y"))
    text = ", ".join(f"{name.replace('_', '')} = {n}" for name, n in given.items()) + ", b1 = 0.3, b2 = -0.2, sigmoid"
    assert last(sheet, text, LINES) == {}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "written",
    [
        "$x = (x_1, x_2) = ({0}, {1})$",
        "x = [x_1, x_2] = [{0}, {1}]",
        r"$\mathbf{{x}} = (x_1, x_2)^T = ({0}, {1})^T$",
        r"$x = \begin{{bmatrix}} x_1 \\ x_2 \end{{bmatrix}} = \begin{{bmatrix}} {0} \\ {1} \end{{bmatrix}}$",
    ],
)
def test_a_vector_with_its_entries_by_name_before_its_numbers(seed, written):
    sheet = Even(seed)
    given = givens(sheet)
    inputs = written.format(given.pop("x_1"), given.pop("x_2"))
    text = f"{inputs}\n\n" + ", ".join(f"{name} = {n}" for name, n in given.items()) + ", sigmoid"
    assert last(sheet, text, LINES) == {}


@pytest.mark.parametrize(
    "start", ["($v_0 = 0$)", "The velocity starts at $v_0 = 0$.", "v = 0", "$v_{1} = 0, v_{2} = 0$"]
)
@pytest.mark.parametrize(
    "rate", [r"*   **Learning rate ($\eta$):** $0.2$.", r"- **Tasa de aprendizaje**: $\eta = 0.2$"]
)
def test_a_velocity_at_rest_is_no_weight_and_the_factor_of_momentum_no_learning_rate(start, rate):
    sheet = Even(3)
    text = "SGD with momentum $\\mu = 0.9$\n\n" + rate + "\n\n"
    text += ", ".join(f"{name} = {n}" for name, n in givens(sheet).items()) + f", sigmoid\n\n{start}\n"
    assert last(sheet, text, LINES) == {}
    assert rate_in([rate, "$v_1 = 0.9(0) + 0.2(0.0098) = 0.00196$"]) == 0.2
