"""The gradients of a case as people hold them: more than sixty layouts, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from trials.naive import Case

RATE = 0.05

Given = Any
Hold = Callable[[Case], Given]
LAYOUTS: dict[str, Hold] = {}


def layout(name: str) -> Callable[[Hold], Hold]:
    def put(hold: Hold) -> Hold:
        LAYOUTS[name] = hold
        return hold

    return put


def by_name(name: str, W: Callable[[int], str], b: Callable[[int], str], *, turn: bool = False) -> None:
    """Layers by a name made of their number, from 1."""

    def hold(c: Case) -> Given:
        pairs = zip(c.dW, c.db, strict=True)
        return {k: v for i, (w, v_b) in enumerate(pairs, 1) for k, v in ((W(i), w.T if turn else w), (b(i), v_b))}

    LAYOUTS[name] = hold


for _name, _W, _b in (
    ("dL/dW_1", "dL/dW_{}", "dL/db_{}"),
    ("dW1", "dW{}", "db{}"),
    ("W1", "W{}", "b{}"),
    ("dw_1", "dw_{}", "db_{}"),
    ("dJ/dW1", "dJ/dW{}", "dJ/db{}"),
    ("dJ_dW1", "dJ_dW{}", "dJ_db{}"),
    ("dLdw1", "dLdw{}", "dLdb{}"),
    ("∂L/∂W1", "∂L/∂W{}", "∂L/∂b{}"),
    ("grad_W1", "grad_W{}", "grad_b{}"),
    ("W1_grad", "W{}_grad", "b{}_grad"),
    ("gradW1", "gradW{}", "gradb{}"),
    ("fc1.weight", "fc{}.weight", "fc{}.bias"),
    ("layer1/W", "layer{}/W", "layer{}/b"),
    ("∇W1", "∇W{}", "∇b{}"),
    ("dweights1", "dweights{}", "dbiases{}"),
    ("W[1]", "W[{}]", "b[{}]"),
):
    by_name(_name, _W.format, _b.format)
for _name, _W, _b in (
    ("layers.0.weight.grad", "layers.{}.weight.grad", "layers.{}.bias.grad"),
    ("dW0", "dW{}", "db{}"),
    ("linears.0.weight", "linears.{}.weight", "linears.{}.bias"),
):
    by_name(_name, lambda i, t=_W: t.format(i - 1), lambda i, t=_b: t.format(i - 1))
by_name("0.weight, 2.weight", lambda i: f"{2 * i - 2}.weight", lambda i: f"{2 * i - 2}.bias")
by_name("net.1.weight, net.3.weight", lambda i: f"net.{2 * i - 1}.weight", lambda i: f"net.{2 * i - 1}.bias")
by_name(
    "dense/kernel:0", lambda i: f"dense{f'_{i - 1}' if i > 1 else ''}/kernel:0",
    lambda i: f"dense{f'_{i - 1}' if i > 1 else ''}/bias:0", turn=True,
)  # fmt: skip
by_name("coefs_[0]", lambda i: f"coefs_[{i - 1}]", lambda i: f"intercepts_[{i - 1}]", turn=True)
by_name("dW1 (in, out)", "dW{}".format, "db{}".format, turn=True)
by_name("words in order", lambda i: f"d_{'abcd'[i - 1]}lock_weight", lambda i: f"d_{'abcd'[i - 1]}lock_bias")


@layout("dW1, db1, dZ1, dA1")
def _(c: Case) -> Given:
    found = {f"d{s}{i}": v for s, part in (("W", c.dW), ("b", c.db), ("Z", c.dz)) for i, v in enumerate(part, 1)}
    return found | {f"dA{i}": v for i, v in enumerate(c.dh) if i}


@layout("dL/dz_1, dL/dh_1 in columns")
def _(c: Case) -> Given:
    return {f"dL/dz_{i}": v.T for i, v in enumerate(c.dz, 1)} | {f"dL/dh_{i}": v.T for i, v in enumerate(c.dh) if i}


@layout("deltas of each example, dW the mean")
def _(c: Case) -> Given:
    times = c.n if c.network.reduction == "mean" else 1
    found = {f"dZ{i}": v * times for i, v in enumerate(c.dz, 1)}
    return found | {f"dW{i}": v for i, v in enumerate(c.dW, 1)} | {f"db{i}": v for i, v in enumerate(c.db, 1)}


@layout("deltas in columns, dW")
def _(c: Case) -> Given:
    return {f"delta{i}": v.T for i, v in enumerate(c.dz, 1)} | {f"dW{i}": v for i, v in enumerate(c.dW, 1)}


@layout("Flax: Dense_0 kernel")
def _(c: Case) -> Given:
    pairs = enumerate(zip(c.dW, c.db, strict=True))
    return {"params": {f"Dense_{i}": {"bias": b, "kernel": W.T} for i, (W, b) in pairs}}


@layout("coef_grads, intercept_grads")
def _(c: Case) -> Given:
    return {"coef_grads": [W.T for W in c.dW], "intercept_grads": list(c.db)}


@layout("lists by name")
def _(c: Case) -> Given:
    return {"dW": c.dW, "db": c.db}


@layout("lists by name, place 0 free")
def _(c: Case) -> Given:
    return {"dW": [None, *c.dW], "db": [None, *c.db]}


@layout("list of layers as dictionaries")
def _(c: Case) -> Given:
    return [{"W": W, "b": b} for W, b in zip(c.dW, c.db, strict=True)]


@layout("dictionary of layers")
def _(c: Case) -> Given:
    return {f"layer{i}": {"dW": W, "db": b} for i, (W, b) in enumerate(zip(c.dW, c.db, strict=True), 1)}


@layout("W1, b1, W2, b2")
def _(c: Case) -> Given:
    return [array for pair in zip(c.dW, c.db, strict=True) for array in pair]


@layout("Keras: kernel, bias, …")
def _(c: Case) -> Given:
    return [array for W, b in zip(c.dW, c.db, strict=True) for array in (W.T, b)]


@layout("all W, then all b")
def _(c: Case) -> Given:
    return (*c.dW, *c.db)


@layout("from the output back")
def _(c: Case) -> Given:
    return [array for pair in list(zip(c.dW, c.db, strict=True))[::-1] for array in pair]


@layout("pairs (dW, db)")
def _(c: Case) -> Given:
    return list(zip(c.dW, c.db, strict=True))


@layout("(list of dW, list of db)")
def _(c: Case) -> Given:
    return c.dW, c.db


@layout("(nabla_b, nabla_w)")
def _(c: Case) -> Given:
    return [b[:, None] for b in c.db], c.dW


@layout("one vector")
def _(c: Case) -> Given:
    return np.concatenate([a.ravel() for pair in zip(c.dW, c.db, strict=True) for a in pair])


@layout("one vector, W (in, out)")
def _(c: Case) -> Given:
    return np.concatenate([a.ravel() for W, b in zip(c.dW, c.db, strict=True) for a in (W.T, b)])


@layout("one vector, all W then all b")
def _(c: Case) -> Given:
    return np.concatenate([a.ravel() for a in (*c.dW, *c.db)])


@layout("b as the last column")
def _(c: Case) -> Given:
    return {f"dW{i}": np.column_stack([W, b]) for i, (W, b) in enumerate(zip(c.dW, c.db, strict=True), 1)}


@layout("b as the first column")
def _(c: Case) -> Given:
    return {f"Theta{i}_grad": np.column_stack([b, W]) for i, (W, b) in enumerate(zip(c.dW, c.db, strict=True), 1)}


@layout("b as the last row, W (in, out)")
def _(c: Case) -> Given:
    return [np.column_stack([W, b]).T for W, b in zip(c.dW, c.db, strict=True)]


@layout("b as the first row, W (in, out)")
def _(c: Case) -> Given:
    return {f"dW{i}": np.column_stack([b, W]).T for i, (W, b) in enumerate(zip(c.dW, c.db, strict=True), 1)}


@layout("Thetas unrolled by columns")
def _(c: Case) -> Given:
    return np.concatenate([np.column_stack([b, W]).ravel("F") for W, b in zip(c.dW, c.db, strict=True)])


@layout("b (1, m)")
def _(c: Case) -> Given:
    return {f"W{i}": W for i, W in enumerate(c.dW, 1)} | {f"b{i}": b[None] for i, b in enumerate(c.db, 1)}


@layout("b (m, 1)")
def _(c: Case) -> Given:
    return {f"dW{i}": W for i, W in enumerate(c.dW, 1)} | {f"db{i}": b[:, None] for i, b in enumerate(c.db, 1)}


@layout("W as vectors")
def _(c: Case) -> Given:
    return {f"dW{i}": W.ravel() for i, W in enumerate(c.dW, 1)} | {f"db{i}": b for i, b in enumerate(c.db, 1)}


@layout("minus the gradient")
def _(c: Case) -> Given:
    return {f"dW{i}": -W for i, W in enumerate(c.dW, 1)} | {f"db{i}": -b for i, b in enumerate(c.db, 1)}


@layout("the rate times the gradient")
def _(c: Case) -> Given:
    return {f"dW{i}": RATE * W for i, W in enumerate(c.dW, 1)} | {f"db{i}": RATE * b for i, b in enumerate(c.db, 1)}


@layout("minus the rate times the gradient, (in, out)")
def _(c: Case) -> Given:
    found = {f"delta_W{i}": -RATE * W.T for i, W in enumerate(c.dW, 1)}
    return found | {f"delta_b{i}": -RATE * b for i, b in enumerate(c.db, 1)}


@layout("0.013 times the gradient")
def _(c: Case) -> Given:
    return [0.013 * array for pair in zip(c.dW, c.db, strict=True) for array in pair]


@layout("JSON")
def _(c: Case) -> Given:
    return {f"dW{i}": W.tolist() for i, W in enumerate(c.dW, 1)} | {f"db{i}": b.tolist() for i, b in enumerate(c.db, 1)}


@layout("JSON, lists of lists")
def _(c: Case) -> Given:
    return [[W.tolist(), b.tolist()] for W, b in zip(c.dW, c.db, strict=True)]


@layout("pandas")
def _(c: Case) -> Given:
    found = {f"dW{i}": pd.DataFrame(W) for i, W in enumerate(c.dW, 1)}
    return found | {f"db{i}": pd.Series(b) for i, b in enumerate(c.db, 1)}


@layout("masked, nothing masked")
def _(c: Case) -> Given:
    return [np.ma.masked_array(a) for pair in zip(c.dW, c.db, strict=True) for a in pair]


class Tensor:
    """What of a tensor with requires_grad is used: no array until it is detached."""

    def __init__(self, array: np.ndarray, detached: bool = False) -> None:
        self.array, self.detached, self.shape = array, detached, array.shape

    def detach(self) -> Tensor:
        return Tensor(self.array, True)

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        if not self.detached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.array

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return self.numpy()


@layout("tensors with requires_grad")
def _(c: Case) -> Given:
    return {f"{2 * i}.{s}": Tensor(a) for i, pair in enumerate(zip(c.dW, c.db, strict=True)) for s, a in
            zip(("weight", "bias"), pair, strict=True)}  # fmt: skip


@layout("float16")
def _(c: Case) -> Given:
    return [(W.astype(np.float16), b.astype(np.float16)) for W, b in zip(c.dW, c.db, strict=True)]
