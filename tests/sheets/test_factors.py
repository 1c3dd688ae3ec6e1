"""Numbers behind factors, x as a sign of times, and what libraries print: right ones are right, wrong ones are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sample import draws
from tests.support.sheets import line, lines
from tests.support.small_sheets import SmallSheet

SEEDS = st.integers(0, 2**32 - 1)
FEW = draws(1)
RIGHT = {"right", "rounded"}
FACTORS = (
    ("dL/da_2", r"(\hat y - y) 0.5 \hat y (1 - \hat y) 2"), ("dL/da_2", "(yhat - y)(<<yhat>>)(1 - yhat)"),
    ("dL/da_2", "(yhat - y) yhat (1-<<yhat>>)1.0"), ("L", r"(\hat y - y)^2 0.5"), ("L", "(yhat - y) 0.5 (yhat - y)"),
    ("L", r"\frac{1}{4} 2 (\hat y - y)^2"), ("dL/da_2", r"\left(\hat y - y\right) 0.5 \left(1 - \hat y\right) 2 yhat"),
    ("a_2", "W_211 x h_11 + W_212 x h_12 + 1.0 x 1 x b_21"), ("dL/da_2", "(yhat - y) x 1.0 * yhat x (1 - <<yhat>>)"),
    ("L", "0.5 X (<<yhat>> - y)^2"), ("L", "0.5 × (<<yhat>> - y)^2"), ("L", "(yhat - y)^2 x 0.5"),
)  # fmt: skip
PRINTED = (
    "yhat = tensor([<<yhat>>])", "yhat = tensor(<<yhat>>, grad_fn=<SigmoidBackward0>)", "h_1 = tensor(<<h_1>>)",
    "h_1 = torch.tensor(<<h_1>>, requires_grad=True)", "W_1.grad = tensor(<<dL/dW_1>>)",
    "b_1.grad = torch.tensor(<<dL/db_1>>, dtype=torch.float32)", "L = tensor(<<L>>, device='cuda:0')",
    "h_1 = array(<<h_1>>, dtype=float32)", "h_1 = Array(<<h_1>>, dtype=float32)", "h_1 = jnp.array(<<h_1>>)",
    "yhat = np.float64(<<yhat>>)", "yhat = np.float32(<<yhat>>)", "L = 0.5 * np.power(y - yhat, 2) = <<L>>",
    "L = 0.5 * np.square(yhat - y)", "yhat = torch.sigmoid(a_2)", "yhat = torch.nn.functional.sigmoid(a_2) = <<yhat>>",
    "L = np.divide(np.square(np.subtract(yhat, y)), 2)", "L = 0.5 * math.pow(yhat - y, 2)",
    "dL/da_2 = np.multiply(yhat - y, yhat * (1 - yhat))", "yhat = jax.nn.sigmoid(a_2).detach()",
    "W_2.grad = tensor(<<dL/dW_2>>, grad_fn=<ViewBackward0>)", "h_1 = tf.math.sigmoid(a_1)",
)  # fmt: skip


def verdicts(sheet, texts):
    found = sheet.verdicts("\n".join(texts))
    assert len(found) == len(texts)
    return dict(zip(texts, found, strict=True))


@FEW
@given(seed=SEEDS)
def test_they_are_right(seed):
    texts = [*(f"{name} = {formula} = <<{name}>>" for name, formula in FACTORS), *PRINTED]
    found = verdicts(SmallSheet(seed), texts)
    assert {text: verdict for text, verdict in found.items() if verdict not in RIGHT} == {}


@FEW
@given(seed=SEEDS)
def test_wrong_numbers_are_not_right(seed):
    wrong = [f"{name} = {formula} = <<{name}!>>" for name, formula in FACTORS]
    wrong += [text.replace(">>", "!>>") for text in PRINTED if "<<" in text]
    found = verdicts(SmallSheet(seed), wrong)
    assert {text: verdict for text, verdict in found.items() if verdict in RIGHT} == {}


@pytest.mark.parametrize("formula", ["0.5 0.3", "h_1 2", "h 1 + h 2", "x 1", "0.5   0.3", "(0.5)    0.3"])
def test_no_product(formula):
    assert line(f"L = {formula}").error


@pytest.mark.parametrize("written", ["the matrix is 2x2, W_1", "a 2 x 3 matrix", "let x be the input"])
def test_sizes_are_none(written):
    assert lines(written) == ()


def test_a_size_behind_a_name_is_no_factor():
    assert line("a_1 (2 x 1) = [0.3, 0.4]").error
    assert line("a_1 = W_1 x (2x1)", "L = 0.5 * 3").error
    assert line("a_1 = W_1 x").error == ""
