"""A small network drawn at random, 2-2-1, its header, and what its quantities are worth, for sheets written by hand."""

import re

import numpy as np

import chainrule as cr
from chainrule import Network

NAMES = ("a_1", "h_1", "a_2", "yhat", "L", "dL/da_2", "dL/dW_2", "dL/db_2", "dL/dh_1", "dL/da_1", "dL/dW_1", "dL/db_1")


class SmallSheet:
    """A network, and text with the values of its quantities in it: ``<<h_12>>``, and ``<<h_12!>>`` a wrong one."""

    def __init__(self, seed: int, hidden: str = "sigmoid", output: str = "sigmoid") -> None:
        rng = np.random.default_rng(seed)
        self.weights = [np.round(rng.uniform(-0.9, 0.9, shape), 1) for shape in ((2, 2), (1, 2))]
        self.biases = [np.round(rng.uniform(-0.5, 0.5, m), 1) for m in (2, 1)]
        self.x, self.y = np.round(rng.uniform(-2, 2, 2), 1), np.array([float(rng.integers(0, 2))])
        self.hidden, self.output = hidden, output
        network = Network(self.weights, self.biases, hidden, output, "half_squared_error")
        self.backward = network.backward(self.x, self.y)
        self.forward = self.backward.forward

    @property
    def header(self) -> str:
        layers = "".join(
            f"[[layer]]\nW = {W.tolist()}\nb = {b.tolist()}\n" for W, b in zip(self.weights, self.biases, strict=True)
        )
        rules = f'hidden = "{self.hidden}"\noutput = "{self.output}"\nloss = "half_squared_error"\n'
        return f"+++\n{rules}x = {self.x.tolist()}\ny = {self.y.tolist()}\n{layers}+++\n"

    def value(self, name: str) -> np.ndarray:
        """What a quantity is worth."""
        record = self.backward if name.startswith("dL") or name == "L" else self.forward
        return np.asarray(record[name], dtype=float)

    def filled(self, text: str, decimals: int = 4) -> str:
        """The text with numbers for the names in ``<<>>``, and with a wrong one for a name and ``!``."""

        def number(match: re.Match[str]) -> str:
            value = self.value(match[1]) + (0.0731 if match[2] else 0.0)
            if value.ndim == 0 or value.size == 1:
                return f"{float(np.ravel(value)[0]):.{decimals}f}"
            return str(np.round(value, decimals).tolist())

        return re.sub(r"<<([^<>!]+)(!?)>>", number, text)

    def verdicts(self, text: str, header: str = "") -> list[str]:
        """The verdicts of the lines of a text with its numbers filled in, below a header of its own or another."""
        return [line.verdict for line in cr.audit((header or self.header) + self.filled(text) + "\n").lines]
