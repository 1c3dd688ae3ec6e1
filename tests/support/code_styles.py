"""Right backward passes as text, in drawn styles: layouts, containers, functions or classes, what is returned."""

from dataclasses import dataclass

import numpy as np

FUNCTIONS = {
    "sigmoid": ("1 / (1 + np.exp(-z))", "h * (1 - h)"),
    "tanh": ("np.tanh(z)", "1 - h**2"),
    "relu": ("np.maximum(z, 0)", "(h > 0)"),
    "softmax": ("np.exp(z) / np.exp(z).sum(axis={units}, keepdims=True)", ""),
    "identity": ("z", "1"),
}
#: (columns, in_out) -> z of h, W and b; the gradient of W; what goes back
PRODUCTS = {
    (False, True): ("h @ W + b", "h.T @ d", "d @ W.T"),
    (False, False): ("h @ W.T + b", "d.T @ h", "d @ W"),
    (True, False): ("W @ h + b", "d @ h.T", "W.T @ d"),
    (True, True): ("W.T @ h + b", "h @ d.T", "W @ d"),
}
#: output and loss -> the gradient of a_L from p and y, without the mean
ERRORS = {
    ("softmax", "cross_entropy"): "p - y",
    ("sigmoid", "binary_cross_entropy"): "p - y",
    ("identity", "half_squared_error"): "p - y",
    ("identity", "squared_error"): "2 * (p - y)",
    ("sigmoid", "half_squared_error"): "(p - y) * p * (1 - p)",
    ("tanh", "squared_error"): "2 * (p - y) * (1 - p**2)",
}
HOLDERS = (
    "arguments",
    "dictionary",
    "lists",
    "list",
    "class with a dictionary",
    "class with attributes",
    "class lists",
)
RETURNS = ("names", "tuple", "pairs", "lists", "loss first", "kept")


@dataclass(frozen=True)
class Style:
    """One way to write a backward pass."""

    sizes: tuple[int, ...]
    columns: bool
    in_out: bool
    row: bool
    hidden: str
    output: str
    loss: str
    mean: bool
    classes: bool
    holder: str
    returns: str

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Style":
        output, loss = list(ERRORS)[rng.integers(len(ERRORS))]
        holder = str(rng.choice(HOLDERS))
        return cls(
            tuple(rng.permutation(np.arange(2, 8))[: rng.integers(3, 5)].tolist()), bool(rng.integers(2)),
            bool(rng.integers(2)), bool(rng.integers(2)), str(rng.choice(["sigmoid", "tanh", "relu"])), output, loss,
            bool(rng.integers(2)), output == "softmax" and bool(rng.integers(2)), holder,
            str(rng.choice(RETURNS if holder.startswith("class") else RETURNS[:-1])),
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The file."""
        method = self.holder.startswith("class")
        each = ", ".join(f"W{i}, b{i}" for i in range(1, len(self.sizes)))
        taken = {"arguments": f", {each}", "lists": ", weights, biases"}.get(self.holder, ", params" * (not method))
        head = [f"def backward({'self, ' * method}X, y{taken}):"]
        inner = [f"    {line}" for line in (*self._taken(), *self._passes(), *self._given())]
        if not method:
            return "\n".join(["import numpy as np", *head, *inner]) + "\n"
        made = ["def __init__(self, sizes):", *(f"    {line}" for line in self._made())]
        lines = (f"    {line}" for line in (*made, *head, *inner))
        return "\n".join(["import numpy as np", "class Net:", *lines]) + "\n"

    def _made(self):
        shape = "(j, m)" if self.in_out else "(m, j)"
        bias = "(m, 1)" if self.columns else "(1, m)" if self.row else "m"
        yield f"W = [np.random.default_rng(0).normal(size={shape}) for j, m in zip(sizes, sizes[1:])]"
        yield f"b = [np.zeros({bias}) for m in sizes[1:]]"
        layers = range(1, len(self.sizes))
        if self.holder == "class lists":
            yield "self.weights, self.biases = W, b"
        elif self.holder == "class with a dictionary":
            yield "self.params = {}"
            yield from (f"self.params['{s}{i}'] = {s}[{i - 1}]" for i in layers for s in "Wb")
        else:
            yield from (f"self.{s}{i} = {s}[{i - 1}]" for i in layers for s in "Wb")

    def _taken(self):
        layers = range(1, len(self.sizes))
        for s, words in (("W", "weights"), ("b", "biases")):
            each = {
                "arguments": lambda s, i: f"{s}{i}",
                "dictionary": lambda s, i: f"params['{s}{i}']",
                "list": lambda s, i: f"params[{2 * (i - 1) + (s == 'b')}]",
                "class with a dictionary": lambda s, i: f"self.params['{s}{i}']",
                "class with attributes": lambda s, i: f"self.{s}{i}",
            }.get(self.holder)
            whole = words if self.holder == "lists" else f"self.{words}"
            yield f"{s}s = " + (whole if each is None else f"[{', '.join(each(s, i) for i in layers)}]")

    def _passes(self):
        axis = int(self.columns)
        affine, product, back = PRODUCTS[self.columns, self.in_out]
        value, slope = FUNCTIONS[self.hidden]
        last = FUNCTIONS[self.output][0].format(units=0 if self.columns else 1)
        if self.classes:
            known = "np.arange(bs[-1].size)"
            yield f"y = ({known}[:, None] == y) * 1.0" if self.columns else f"y = (y[:, None] == {known}) * 1.0"
        yield from ("hs, L = [X], len(Ws)", "for i in range(L):", "    W, b, h = Ws[i], bs[i], hs[-1]")
        yield from (f"    z = {affine}", f"    hs.append({last} if i == L - 1 else {value})")
        yield from ("p = hs[-1]", f"d = ({ERRORS[self.output, self.loss]}){f' / X.shape[{axis}]' * self.mean}")
        keep = ", keepdims=True" if self.columns or self.row else ""
        yield from ("gW, gb = [None] * L, [None] * L", "for i in range(L - 1, -1, -1):", "    W, h = Ws[i], hs[i]")
        yield from (f"    gW[i], gb[i] = {product}, d.sum(axis={axis}{keep})", f"    d = ({back}) * ({slope})")

    def _given(self):
        match self.returns:
            case "names":
                yield "return {f'd{s}{i}': g for s, all in zip('Wb', (gW, gb)) for i, g in enumerate(all, 1)}"
            case "tuple":
                yield "return tuple(g for pair in zip(gW, gb) for g in pair)"
            case "pairs":
                yield "return list(zip(gW, gb))"
            case "lists":
                yield "return gb, gW"
            case "loss first":
                yield "return 0.5, {f'{s}{i}': g for s, all in zip('Wb', (gW, gb)) for i, g in enumerate(all, 1)}"
            case _:
                yield "self.dW, self.db = gW, gb"
