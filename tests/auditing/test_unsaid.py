"""What a sheet does not say in so many words: its learning rate, its class, the parts of its loss, its letters."""

import numpy as np
import pytest

import chainrule as cr

RIGHT = {"right", "rounded", "truncated"}
GIVEN = "Given: i1={x[0]}, i2={x[1]}; {weights} ; b1=.35 b2=.60; targets {y[0]} and {y[1]}\n"


class TwoByTwo:
    """The network of the best known worked example, 2-2-2, at other numbers, and what its quantities are worth."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.x, self.y = rng.uniform(-1, 1, 2).round(2), rng.uniform(0, 1, 2).round(2)
        weights = [rng.uniform(-1, 1, (2, 2)).round(2) for _ in range(2)]
        self.net = cr.Network(weights, [[0.35] * 2, [0.6] * 2], output="sigmoid", loss="half_squared_error")
        self.b = self.net.backward(self.x, self.y)
        self.w = np.concatenate([W.ravel() for W in weights])

    @property
    def given(self):
        one_by_one = " ".join(f"w{i}={w}" for i, w in enumerate(self.w, 1))
        return GIVEN.format(x=self.x, y=self.y, weights=one_by_one)

    @property
    def forward(self):
        b = self.b
        lines = [
            f"net_h1 = w1*i1 + w2*i2 + b1*1 = {b['a_11']:.6f}",
            f"out_h1 = {b['h_11']:.6f}",
            f"out_h2 = {b['h_12']:.6f}",
        ]
        lines += [f"net_o1 = w5*out_h1 + w6*out_h2 + b2 = {b['a_21']:.6f}", f"out_o1 = {b['yhat_1']:.6f}"]
        lines += [f"out_o2 = {b['yhat_2']:.6f}"]
        lines += [
            f"E_o{k} = 1/2 (target_o{k} - out_o{k})^2 = {(b['y'] - b['yhat'])[k - 1] ** 2 / 2:.6f}" for k in (1, 2)
        ]
        return "\n".join([*lines, f"E_total = {b.L:.6f}\n"])

    def verdicts(self, lines):
        first = self.given.count("\n") + self.forward.count("\n")
        found = cr.audit(self.given + self.forward + lines).lines
        assert {line.verdict for line in found if line.number <= first} <= RIGHT
        return [line.verdict for line in found if line.number > first]


@pytest.mark.parametrize("seed", range(4))
def test_derivatives_of_a_part_of_the_loss_go_back_through_the_network(seed):
    s = TwoByTwo(seed)
    b, W = s.b, s.net.weights
    gap = b["yhat"] - b["y"]
    slopes = b["yhat"] * (1 - b["yhat"])
    due = {
        "dE_o1/dout_o1": gap[0], "dE_o1/dnet_o1": gap[0] * slopes[0], "dE_o1/dout_h1": gap[0] * slopes[0] * W[1][0, 0],
        "dE_o2/dout_h1": gap[1] * slopes[1] * W[1][1, 0], "dE_o2/dw7": gap[1] * slopes[1] * b["h_11"],
    }  # fmt: skip
    assert set(s.verdicts("\n".join(f"{name} = {value:.6f}" for name, value in due.items()))) <= RIGHT
    for name, value in due.items():
        assert s.verdicts(f"{name} = {value + 0.0123:.6f}") == ["wrong"], name


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("seed", range(2))
def test_the_learning_rate_is_that_of_the_updates(seed, rate):
    s = TwoByTwo(seed)
    g = s.b["dL/dW_2"].ravel()
    new = s.net.step(s.b, rate).weights[1].ravel()
    lines = [f"dE_total/dw5 = {g[0]:.6f}", f"w5+ = w5 - {rate}*{g[0]:.6f} = {new[0]:.6f}", f"w6+ = {new[1]:.6f}"]
    if g[0] > 0:
        assert set(s.verdicts("\n".join(lines))) <= RIGHT
    else:
        lines[1] = f"w5+ = w5 - {rate}*({g[0]:.6f}) = {new[0]:.6f}"
        assert set(s.verdicts("\n".join(lines))) <= RIGHT
    assert "right" not in s.verdicts("\n".join([*lines[:2], f"w6+ = {new[1] + 0.05:.6f}"]))[2:]


@pytest.mark.parametrize(
    "said",
    [
        "true class = {} (one-hot {one_hot})",
        "The correct class is {}.",
        "target class: {}",
        "ground truth label {}",
        "one-hot target {one_hot}",
    ],
)
@pytest.mark.parametrize("true", [0, 1, 2])
def test_the_class_is_said_in_words(said, true):
    net = cr.Network([[[0.1, 0.2], [0.3, 0.4], [0.5, -0.6]]], [[0.1, 0, 0.2]])
    b = net.backward([1.0, 2.0], true)
    words = said.format(true, one_hot=np.eye(3)[true].astype(int).tolist())
    given = "x = [1, 2], W = [[0.1, 0.2], [0.3, 0.4], [0.5, -0.6]], b = [0.1, 0, 0.2], softmax\n"
    lines = f"p = {b['yhat'].round(5).tolist()}\nL = -log p_{true + 1} = {b.L:.5f}\n"
    lines += f"dL/dz = p - y = {b['dL/da_1'].round(5).tolist()}"
    assert {line.verdict for line in cr.audit(f"{given}{words}\n{lines}\n").lines} <= RIGHT


@pytest.mark.parametrize("letter", ["t", "T"])
@pytest.mark.parametrize("rate", [r"learning rate $\alpha = 0.5$", "Lernrate η = 0.5", "step size γ = 0.5"])
def test_letters_of_what_is_given_in_a_sentence(letter, rate):
    """Beside what a line computes it keeps what it gives."""
    net = cr.Network([[[0.8, 0.2]]], [[0.1]], output="sigmoid", loss="half_squared_error")
    b = net.backward([0.5, -1.5], [1.0])
    said = f"x1 = 0.5, x2 = -1.5, w1 = 0.8, w2 = 0.2, b = 0.1, target {letter} = 1, {rate}, sigmoid, "
    said += f"E = 1/2 ({letter} - o)^2\n"
    lines = f"net = 0.2\no = {b['yhat_1']:.4f}\nE = {b.L:.4f}\nw1' = {net.step(b, 0.5).weights[0][0, 0]:.4f}\n"
    assert {line.verdict for line in cr.audit(said + lines).lines} <= RIGHT
