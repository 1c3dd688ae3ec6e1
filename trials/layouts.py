"""Right gradients as people hold them: in no layout is one accused or refused, and a planted mistake is found.

    python -m trials.layouts --count 2000 --seed 0

Each case is a drawn network whose gradients a naive pass of its own computes, in float64, in float32, or in float32 and
then kept in double arrays, and holds in one of the layouts below. Then the same with one array spoiled, or with a slope
left out on the way back. The exit code is 1 where one right array is accused or refused, or a mistake is not found at
its array.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from chainrule import Audit, InputError, Network, audit_gradients
from chainrule.auditing.records import ACCEPTED
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from trials.audit import PAIRS

PRECISIONS = ("float64", "float32", "float32 in float64")
RATE = 0.05

# ---------------------------------------------------------------- a pass of its own

_HIDDEN: dict[str, tuple[Callable, Callable]] = {
    "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype)),
    "leaky_relu": (lambda z: np.where(z > 0, z, z / 100), lambda z, a: np.where(z > 0, 1, 0.01).astype(z.dtype)),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z, a: np.where(z > 0, 1, a + 1)),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z, a: (s := 1 / (1 + np.exp(-z))) * (1 + z * (1 - s))),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z, a: 1 / (1 + np.exp(-z))),
}
_LOSS: dict[str, Callable] = {
    "cross_entropy": lambda p, y: -y / p,
    "binary_cross_entropy": lambda p, y: (1 - y) / (1 - p) - y / p,
    "squared_error": lambda p, y: 2 * (p - y),
    "half_squared_error": lambda p, y: p - y,
    "mean_squared_error": lambda p, y: 2 * (p - y) / p.shape[1],
    "absolute_error": lambda p, y: np.sign(p - y),
    "huber": lambda p, y: np.clip(p - y, -1, 1),
    "poisson": lambda p, y: 1 - y / p,
}


@dataclass(frozen=True)
class Case:
    """A network with examples, and what its own pass gives: dW, db, dz (n, m) and dh (n, m) of each layer."""

    network: Network
    x: np.ndarray
    y: np.ndarray
    dW: list[np.ndarray] = field(default_factory=list)
    db: list[np.ndarray] = field(default_factory=list)
    dz: list[np.ndarray] = field(default_factory=list)
    dh: list[np.ndarray] = field(default_factory=list)  # of h_1 … h_{L-1}, in front of them dx

    @property
    def depth(self) -> int:
        return self.network.depth

    @property
    def n(self) -> int:
        return len(self.x)


def drawn(rng: np.random.Generator, square: bool, hard: bool = False) -> Case:
    """A network of any shape, rules and loss that the pass knows; all sizes and n are equal where ``square``.

    Args:
        hard: one layer too, layers of one unit and wide ones, one example, inputs of any size.
    """
    depth = int(rng.integers(1 if hard else 2, 5 if hard else 4))
    loss, output = PAIRS[rng.integers(len(PAIRS))]
    while loss not in _LOSS or output not in (*_HIDDEN, "softmax"):
        loss, output = PAIRS[rng.integers(len(PAIRS))]
    width = int(rng.integers(2, 6))
    sizes = [width] * (depth + 1) if square else [int(s) for s in rng.integers(1 if hard else 2, 7, depth + 1)]
    n = width if square else int(rng.integers(1 if hard else 2, 9))
    if hard and rng.random() < 0.15:
        sizes, n = [int(s) for s in rng.integers(10, 40, depth + 1)], int(rng.integers(1, 40))
    if not LOSSES[loss].fits(OUTPUTS[output], sizes[-1]):
        sizes[-1] = 2
    hidden = [str(rng.choice(list(_HIDDEN))) for _ in range(depth - 1)]
    weights = [rng.normal(size=(m, j)) / np.sqrt(j) for j, m in pairwise(sizes)]
    biases = [rng.normal(size=m) / 2 for m in sizes[1:]]
    reduction = "mean" if rng.random() < 0.7 else "sum"
    network = Network(weights, biases, hidden or "identity", output, loss, reduction)
    low, high = LOSSES[loss].target_range
    k = sizes[-1]
    y = rng.normal(size=(n, k))
    if (low, high) == (0.0, 1.0):
        y = np.eye(k)[rng.integers(0, k, n)] if output == "softmax" else rng.integers(0, 2, (n, k)).astype(float)
    elif low == 0.0:
        y = rng.integers(0, 4, (n, k)).astype(float)
    return Case(network, rng.normal(size=(n, sizes[0])) * (10 ** rng.uniform(-1, 1.5) if hard else 1), y)


def passed(case: Case, precision: str, left_out: int = 0) -> Case:
    """The case with the gradients of its own pass; ``left_out``: the layer whose slope is left out going back."""
    dtype = np.float64 if precision == "float64" else np.float32
    network, x, y = case.network, case.x.astype(dtype), case.y.astype(dtype)
    weights, biases = ([p.astype(dtype) for p in part] for part in (network.weights, network.biases))
    z, h = [], [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
        z.append(h[-1] @ W.T + b)
        rule = network.output if i == network.depth - 1 else network.hidden[i]
        if rule == "softmax":
            e = np.exp(z[-1] - z[-1].max(axis=1, keepdims=True))
            h.append(e / e.sum(axis=1, keepdims=True))
        else:
            h.append(_HIDDEN[rule][0](z[-1]))
    grad = _LOSS[network.loss](h[-1], y)
    grad = grad / dtype(len(x)) if network.reduction == "mean" else grad
    if network.output == "softmax":
        grad = h[-1] * (grad - (grad * h[-1]).sum(axis=1, keepdims=True))
    else:
        grad = grad * _HIDDEN[network.output][1](z[-1], h[-1])
    dz, dW, db, dh = [grad], [], [], []
    for i in range(network.depth - 1, -1, -1):
        dW.append(dz[-1].T @ h[i])
        db.append(dz[-1].sum(axis=0))
        dh.append(dz[-1] @ weights[i])
        if i:
            slope = 1 if i == left_out else _HIDDEN[network.hidden[i - 1]][1](z[i - 1], h[i])
            dz.append(dh[-1] * slope)
    last = np.float64 if precision == "float32 in float64" else dtype
    parts = ([a.astype(last) for a in part[::-1]] for part in (dW, db, dz, dh))
    return Case(network, case.x, case.y, *parts)


# ---------------------------------------------------------------- layouts

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


# ---------------------------------------------------------------- trials


class Told(NamedTuple):
    """What became of a case: ``right``, ``accused``, ``refused``, ``found``, ``missed`` or ``skipped``."""

    layout: str
    outcome: str
    detail: str = ""


def right(name: str, precision: str, seed: int) -> Told:
    """A right set in one layout."""
    rng = np.random.default_rng((7, list(LAYOUTS).index(name), PRECISIONS.index(precision), seed))
    case = passed(drawn(rng, seed % 2 == 1, hard=rng.random() < 0.5), precision)
    what = f"{name}, {precision}, seed {seed}: {case.network}, {case.n} examples"
    if not _is_finite(case):
        return Told(name, "skipped")
    try:
        audit = _audited(case, name)
    except InputError as error:
        return Told(name, "refused", f"{what}: {error}")
    odd = [f"{a.text} {a.verdict}: {a.message}" for a in audit.lines if a.verdict not in ACCEPTED]
    return (
        Told(name, "accused", f"{what}: {odd[0]} [{audit.notes} {audit.conventions}]") if odd else Told(name, "right")
    )


def planted(name: str, precision: str, seed: int) -> Told:
    """A set with one mistake: one array spoiled, or a slope left out."""
    if name == "float16":  # what rounding to half precision explains is no mistake, and that is much
        return Told(name, "skipped")
    rng = np.random.default_rng((8, list(LAYOUTS).index(name), PRECISIONS.index(precision), seed))
    empty = drawn(rng, seed % 2 == 1)
    case, layer = passed(empty, precision), int(rng.integers(1, empty.depth + 1))
    if layer < empty.depth and rng.random() < 0.5:
        wrong, due = passed(empty, precision, left_out=layer), {f"dL/d{s}_{layer}" for s in "aWb"}
        changed = not np.allclose(wrong.db[layer - 1], case.db[layer - 1], 0.1, 1e-3)
        changed &= not np.allclose(wrong.dW[layer - 1], case.dW[layer - 1], 0.1, 1e-3)
    else:
        part = case.dW[layer - 1]
        spoiled = part + np.abs(part).max() * rng.choice((-1, 1), part.shape) * rng.uniform(0.2, 1, part.shape)
        wrong = Case(case.network, case.x, case.y, list(case.dW), case.db, case.dz, case.dh)
        wrong.dW[layer - 1] = spoiled.astype(part.dtype)
        if "dh_1 in columns" in name:  # it has no W
            return Told(name, "skipped")
        due, changed = {f"dL/dW_{layer}"}, bool(np.abs(part).max() > 1e-6)  # more than rounding
    if name.startswith("0.013") and not all(a.any() for a in (*case.dW, *case.db)):
        return Told(name, "skipped")  # of an unknown factor, one array alone says nothing
    if not changed or not _is_finite(wrong) or not _is_finite(case):
        return Told(name, "skipped")
    what = f"{name}, {precision}, seed {seed}: {case.network}, {case.n} examples, planted in layer {layer}"
    try:
        audit = _audited(wrong, name)
    except InputError as error:
        return Told(name, "refused", f"{what}: {error}")
    first = audit.first_wrong
    if first is not None and first.name in due:
        return Told(name, "found")
    lines = [f"{a.text} {a.verdict}" for a in audit.lines if a.verdict not in ACCEPTED]
    return Told(name, "missed", f"{what}, due {due}: {lines} {_read(audit)}")


def _read(audit: Audit) -> str:
    return f"[{'; '.join((*(c.words for c in audit.conventions), *audit.notes))}]"


def _audited(case: Case, name: str) -> Audit:
    rate = RATE if "the rate" in name else None
    return audit_gradients(case.network, case.x, case.y, LAYOUTS[name](case), learning_rate=rate)


def _is_finite(case: Case) -> bool:
    return all(np.isfinite(a).all() and np.abs(a).max() < 1e4 for part in (case.dW, case.dz) for a in part)


def _jobs(count: int, seed: int) -> Iterator[tuple[str, str, int]]:
    names = list(LAYOUTS)
    for number in range(count):
        yield names[number % len(names)], PRECISIONS[(number // len(names)) % 3], seed * 1_000_003 + number


def told(job: tuple[str, str, int]) -> tuple[Told, Told]:
    """The right set and the one with a mistake."""
    with np.errstate(all="ignore"):
        return right(*job), planted(*job)


def main() -> int:
    """Run the trial; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="networks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="layouts whose name has this in it")
    parser.add_argument("--show", type=int, default=10, help="cases that are told that went wrong")
    options = parser.parse_args()
    jobs = [job for job in _jobs(options.count, options.seed) if options.only in job[0]]
    total: Counter[str] = Counter()
    shown = 0
    with ProcessPoolExecutor(options.processes) as pool:
        for pair in pool.map(told, jobs, chunksize=16):
            for one, kind in zip(pair, ("right", "planted"), strict=True):
                total[f"{kind}: {one.outcome}"] += 1
                if one.detail and shown < options.show:
                    shown += 1
                    print(one.detail)
    print(f"{len(jobs)} networks in {len(LAYOUTS)} layouts; {dict(sorted(total.items()))}")
    bad = ("right: accused", "right: refused", "planted: missed", "planted: refused")
    return int(any(total[key] for key in bad))


if __name__ == "__main__":
    sys.exit(main())
