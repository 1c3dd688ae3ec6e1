"""What the words of a sheet say of its rules, in the languages of its readers."""

import pytest

from chainrule.sheets.setting.said import said_in
from chainrule.sheets.setting.said_losses import states_loss
from chainrule.sheets.setting.several import parted, with_wanted, without_words

HALF, WHOLE = "half_squared_error", "squared_error"
BINARY, MEAN = "binary_cross_entropy", "mean_squared_error"


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("Logistic regression, one example", "sigmoid"),
        ("Logistische Regression: x = 1", "sigmoid"),
        ("Régression logistique", "sigmoid"),
        ("regresión logística", "sigmoid"),
        ("Softmax classifier with 3 classes", "softmax"),
        ("Linear regression", "identity"),
        ("tanh hidden, linear output", "identity"),
        ("hidden layer: tanh; output layer: sigmoid", "sigmoid"),
        ("hidden layers use ReLU and the output is linear", "identity"),
        ("verdeckte Schicht tanh, lineare Ausgabe", "identity"),
        ("couche cachée tanh, sortie linéaire", "identity"),
        ("capa oculta tanh, salida lineal", "identity"),
        ("camada oculta tanh, saída linear", "identity"),
        ("strato nascosto tanh, uscita lineare", "identity"),
        ("rectified linear units, linear output", "identity"),
        ("Linear(2,2) -> Tanh -> Linear(2,1)", "identity"),
        ("m = nn.Sequential(\n  nn.Linear(2, 3),\n  nn.ReLU(),\n  nn.Linear(3, 1),\n  nn.Sigmoid(),\n)", "sigmoid"),
    ],
)
def test_what_is_said_of_the_output(text, output):
    assert said_in(text).output == (output,)


def test_a_part_of_the_network_or_all_of_it():
    assert said_in("tanh in the hidden layer and a linear output").hidden == ("tanh",)
    assert said_in("sigmoid activation in the hidden and output layers").hidden == ("sigmoid",)
    assert said_in("tanh neurons throughout").everywhere == "tanh"
    assert said_in("Sigmoid units, E = 1/2 (t - o)^2").everywhere == "sigmoid"
    assert said_in("yhat = sigmoid(z), h = tanh(a)").anywhere == ()  # formulas say nothing in words
    assert said_in("ReLU units, a sigmoid output").hidden == ("relu",)
    assert said_in("tanh hidden; sigmoid").output == ("sigmoid",)
    assert said_in("f(x) = 1/(1+e^(-x))").everywhere == "sigmoid"
    assert said_in(r"\sigma(z) = \frac{1}{1 + e^{-z}}").everywhere == "sigmoid"
    assert said_in("g(z) = max(0, z), f(z) = z").anywhere == ("relu", "identity")
    assert said_in("hidden_activation = tanh, output_activation = linear").output == ("identity",)
    assert said_in("a rectified linear unit").anywhere == ("relu",)


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        ("half squared error", [HALF]),
        ("E = 1/2 (t - o)^2", [HALF]),
        (r"$E = \frac{1}{2}\sum_k (t_k - o_k)^2$", [HALF]),
        (r"$C = \frac12 \|a - y\|^2$", [HALF]),
        ("L = ½(ŷ - y)²", [HALF]),
        ("J = (t-o)^2/2", [HALF]),
        ("J = 1/(2m) Σ (h - y)^2", [HALF]),
        ("MSE with 1/2", [HALF]),
        ("erro quadrático médio com 1/2", [HALF]),
        ("E = 1/2 (t - o)^2 and below E = (t - o)^2 = 0.1", [HALF]),
        ("E = 1/2 (t - o)^2 and below E = (0.9 - 0.58)^2 = 0.1", [HALF]),
        ("E = (t - o)^2 and below E = 1/2 (0.9 - 0.58)^2 = 0.05", [WHOLE, MEAN]),
        ("halber quadratischer Fehler", [HALF]),
        ("moitié de l'erreur quadratique", [HALF]),
        ("C = (a^{(2)} - y)^2", [WHOLE, MEAN]),
        ("squared error without the 1/2", [WHOLE, MEAN]),
        ("loss nn.MSELoss()", [MEAN, WHOLE]),
        ("MSE = 1/n Σ (ŷ - y)²", [MEAN, WHOLE]),
        ("mean squared error", [MEAN, WHOLE, HALF]),
        ("error cuadrático medio", [MEAN, WHOLE, HALF]),
        ("quadratic cost", [HALF, WHOLE, MEAN]),
        ("binary cross-entropy", [BINARY]),
        ("binäre Kreuzentropie", [BINARY]),
        ("entropie croisée binaire", [BINARY]),
        ("L = -(y ln(ŷ) + (1-y) ln(1-ŷ))", [BINARY]),
        ("average cross-entropy", ["cross_entropy"]),
        ("Kreuzentropie", ["cross_entropy"]),
        ("L = -ln(p)", ["cross_entropy"]),
        ("Logistic regression", [BINARY]),
        ("sigmoid", []),
    ],
)
def test_what_is_said_of_the_loss(text, losses):
    assert list(said_in(text).losses) == losses


def test_what_is_said_rules_conventions_out():
    assert said_in("E = 1/2 (t - o)^2").settled == {"no_half"}
    assert said_in("E = (t - o)^2").settled == {"half"}
    assert said_in("average cross-entropy").settled == {"sum_batch"}
    assert said_in("cross-entropy summed over the examples").settled == {"mean_batch"}
    assert said_in("mean squared error").settled == set()


@pytest.mark.parametrize(
    ("text", "penalty"),
    [
        ("L = 1/2 (yhat - y)^2 + λ/2 w^2", True),
        (r"$L = \frac{1}{2}(\hat{y}-y)^2 + \frac{\lambda}{2} \|w\|^2$", True),
        ("L2 regularised neuron", True),
        ("with weight decay 0.1", True),
        ("without weight decay, no L2 regularization", False),
        ("L = 1/2 (w x + b - y)^2", False),
    ],
)
def test_a_penalty_in_the_loss(text, penalty):
    assert said_in(text).penalty is penalty


def test_the_formula_of_a_loss_is_told_from_a_claim():
    assert states_loss("E = 1/2 (t - o)^2")
    assert states_loss(r"J = \frac{(t-o)^2}{2}")
    assert not states_loss("E = 1/2 (1 - 0.6)^2 = 0.08")
    assert not states_loss("z = (t - o)^2")


def test_givens_in_one_line():
    assert parted(["x = 0.8   t = 2", "w1 = 0.5 b1 = 0.1"]) == ["x = 0.8,  t = 2", "w1 = 0.5, b1 = 0.1"]
    assert parted(["x=1 y=0 w=0.6 sigmoid, z = 2"]) == ["x=1, y=0, w=0.6 sigmoid, z = 2"]
    assert parted(["w = 2", "z = 2 w = 4"])[1] == "z = 2 w = 4"  # a product
    assert without_words("b = 0.9, sigmoid, E = (t - y)^2, Lernrate 0.5").split() == [
        "b",
        "=",
        "0.9,",
        "E",
        "=",
        "(t",
        "-",
        "y)^2",
    ]
    assert without_words("t = 1 (class index), w = 2").split() == ["t", "=", "1", ",", "w", "=", "2"]
    assert without_words("L = 1/2 (yhat - y)^2, w = 2") == "L = 1/2 (yhat - y)^2, w = 2"
    assert without_words("b = 0.9 sigmoid, x = 1").split() == ["b", "=", "0.9", ",", "x", "=", "1"]
    assert with_wanted("i1 = 0.3, and it should output o1 = 0.2") == "i1 = 0.3, and it should output t1 = 0.2"
    assert with_wanted("out_{o1} = 0.2") == "out_{o1} = 0.2"
