"""Two examples worked by hand: that of the lecture notes, and the 2-2-2 network of Mazur's step by step page."""

import numpy as np
import pytest

import chainrule as cr

NOTES = cr.Network(
    weights=[
        [[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]],
        [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]],
    ],
    hidden="sigmoid",
    output="softmax",
    loss="squared_error",
)
X, Y = [2, 5, 3, 3], [1, 0]

#: name -> the digits as the notes give them
NOTES_DIGITS = {
    "a_1": "2.9 1.4 2.1 2.3",
    "h_1": "0.95 0.80 0.89 0.91",
    "a_2": "1.66 0.45",
    "yhat": "0.77 0.23",
    "L": "0.1055",
    "dL/da_2": "-0.16253 0.16253",
    "dL/dW_212": "-0.13038",
    "dL/dW_131": "0.00316",
    "z^1": "2.9 1.4 2.1 2.3",
    "a^1": "0.95 0.80 0.89 0.91",
    "a^2": "0.77 0.23",
    "δ^2": "-0.16253 0.16253",
    "dL/dw^2_21": "-0.13038",
    "dL/dw^1_13": "0.00316",
}

MAZUR = cr.Network(
    weights=[[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]],
    biases=[[0.35, 0.35], [0.6, 0.6]],
    hidden="sigmoid",
    output="sigmoid",
    loss="half_squared_error",
)
MAZUR_X, MAZUR_Y = [0.05, 0.1], [0.01, 0.99]
MAZUR_DIGITS = {
    "a_1": "0.3775 0.3925",
    "h_1": "0.593269992 0.596884378",
    "a_2": "1.105905967 1.224921404",
    "yhat": "0.751365070 0.772928465",
    "L": "0.298371109",
    "dL/dyhat_1": "0.741365070",
    "dyhat_1/da_21": "0.186815602",
    "da_21/dW_211": "0.593269992",
    "dL/da_21": "0.138498562",
    "dL/dW_211": "0.082167041",
    "dL/dh_11": "0.036350306",
    "dh_11/da_11": "0.241300709",
    "dL/dW_111": "0.000438568",
}
MAZUR_UPDATED = {
    "W_1": "0.149780716 0.199561432 0.249751144 0.299502287",
    "W_2": "0.35891648 0.408666186 0.511301270 0.561370121",
}


def as_written(value, digits: str) -> None:
    """Every number of ``value`` is the one written, when it is rounded to the decimals written."""
    numbers, written = np.ravel(value), digits.split()
    assert [
        f"{number:.{len(text.partition('.')[2])}f}" for number, text in zip(numbers, written, strict=True)
    ] == written


def test_one_digit_off_is_noticed():
    as_written([0.80218, -0.5], "0.80 -0.50")
    for wrong in ("0.81 -0.50", "0.80 0.50", "0.8022 -0.51"):
        with pytest.raises(AssertionError):
            as_written([0.80218, -0.5], wrong)


@pytest.mark.parametrize(("name", "digits"), NOTES_DIGITS.items())
@pytest.mark.parametrize("shortcuts", [True, False], ids=["declared pair", "general path"])
def test_the_example_of_the_notes(name, digits, shortcuts):
    as_written(NOTES.backward(X, Y, shortcuts=shortcuts)[name], digits)


@pytest.mark.parametrize("form", ["component", "vector", "batch"])
def test_the_example_of_the_notes_in_its_three_forms(form):
    found = cr.gradients(NOTES, X, Y, form=form)
    as_written(found["dL/da_2"], NOTES_DIGITS["dL/da_2"])
    as_written(found["dL/dW_2"][0, 1], NOTES_DIGITS["dL/dW_212"])
    as_written(found["dL/dW_1"][2, 0], NOTES_DIGITS["dL/dW_131"])


def test_the_paths_of_the_notes_example_sum_to_its_derivative():
    """dL/dW_131 along yhat_1 and yhat_2, a_21 and a_22, then h_13 and a_13: four paths."""
    b = NOTES.backward(X, Y)
    paths = [
        b[f"dL/dyhat_{o}"] * b[f"dyhat_{o}/da_2{m}"] * b[f"da_2{m}/dh_13"] * b["dh_13/da_13"] * b["da_13/dW_131"]
        for o in (1, 2)
        for m in (1, 2)
    ]
    assert sum(paths) == pytest.approx(b["dL/dW_131"], rel=1e-12)
    as_written(sum(paths), "0.00316")


@pytest.mark.parametrize(("name", "digits"), MAZUR_DIGITS.items())
def test_the_example_of_mazur(name, digits):
    as_written(MAZUR.backward(MAZUR_X, MAZUR_Y)[name], digits)


def test_the_update_of_mazur():
    """His first step leaves the biases as they are."""
    b = MAZUR.backward(MAZUR_X, MAZUR_Y)
    stepped = MAZUR.step(b, learning_rate=0.5)
    as_written(stepped.weights[0], MAZUR_UPDATED["W_1"])
    as_written(stepped.weights[1], MAZUR_UPDATED["W_2"])
    updated = cr.Network(stepped.weights, MAZUR.biases, "sigmoid", "sigmoid", "half_squared_error")
    as_written(updated.backward(MAZUR_X, MAZUR_Y)["W_211"], "0.35891648")
    as_written(updated.backward(MAZUR_X, MAZUR_Y)["W_111"], "0.149780716")
    as_written(updated.backward(MAZUR_X, MAZUR_Y)["L"], "0.291027774")


def test_mazur_with_the_biases_updated_too():
    b = MAZUR.backward(MAZUR_X, MAZUR_Y)
    stepped = MAZUR.step(b, learning_rate=0.5)
    np.testing.assert_allclose(stepped.biases[1], [0.6 - 0.5 * b["dL/da_21"], 0.6 - 0.5 * b["dL/da_22"]], rtol=1e-14)
    assert stepped.backward(MAZUR_X, MAZUR_Y).L < 0.291027774
