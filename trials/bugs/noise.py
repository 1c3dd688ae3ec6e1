"""Random arrays, and right sets with one array changed at random: no cause may be named."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chainrule.auditing.code import audit_gradients
from chainrule.network.network import Network

#: what is said where no mistake is known
NONE = ("inconsistent_with_own_line",)
HIDDEN, OUTPUTS = (
    ("sigmoid", "tanh", "relu", "leaky_relu", "elu"),
    (("softmax", "cross_entropy"), ("identity", "half_squared_error")),
)


@dataclass
class Noise:
    """Arrays tried, those for which a cause is named, and right arrays that are accused."""

    arrays: int = 0
    named: int = 0
    accused: int = 0
    said: list[str] = field(default_factory=list)


def noise(count: int, seed: int) -> Noise:
    """Half of them random all over, half changed in one entry, a row, or a little everywhere."""
    rng, found = np.random.default_rng((7, seed)), Noise()
    for number in range(count):
        output, loss = OUTPUTS[rng.integers(2)]
        sizes = [int(s) for s in rng.integers(1, 6, int(rng.integers(3, 6)))]
        sizes[-1] = max(sizes[-1], 2)
        net = Network.random(sizes, str(rng.choice(HIDDEN)), output, loss, seed=int(rng.integers(2**31)))
        n = int(rng.integers(1, 8))
        x = rng.normal(size=(n, sizes[0]))
        y = rng.integers(0, sizes[-1], n) if output == "softmax" else rng.normal(size=(n, sizes[-1]))
        b = net.backward(x, y)
        names = [f"dL/d{s}_{i}" for i in range(1, net.depth + 1) for s in ("Wb" if number % 3 else "Wbah")]
        names = [name for name in names if name != f"dL/dh_{net.depth}"]
        given = {name: np.array(b[name]) for name in names}
        at = str(rng.choice(names))
        given[at] = changed(rng, given[at], number)
        if np.allclose(given[at], b[at], 1e-3, 1e-9):
            continue
        found.arrays += 1
        audit = audit_gradients(net, x, y, given)
        for line in audit.lines:
            if line.name == at and any(id not in NONE for id in line.mistakes):
                found.named += 1
                found.said.append(f"{number} {line.name} of {sizes}, n={n}: {line.mistakes}")
            elif line.name != at and line.verdict == "wrong" and at[-1] == line.name[-1]:
                pass  # what comes from the changed array by the same layer
            elif line.name != at and line.verdict == "wrong" and not _after(at, line.name):
                found.accused += 1
                found.said.append(f"{number} {line.name} is accused for {at}")
    return found


def _after(at: str, name: str) -> bool:
    """Whether an array comes from another on the way back."""
    return at[4] in "ah" and int(name.rpartition("_")[2]) <= int(at.rpartition("_")[2])


def changed(rng: np.random.Generator, array: np.ndarray, number: int) -> np.ndarray:
    """Numbers of the array's size, or the array with an entry, a row or all of it moved."""
    size = float(np.abs(array).max()) or 1.0
    moved = array.copy()
    match number % 4:
        case 0 | 1:
            return rng.normal(size=array.shape) * size
        case 2:
            at = tuple(int(rng.integers(s)) for s in array.shape)
            moved[at] += rng.normal() * size
        case _:
            moved += rng.normal(size=array.shape) * size * 0.1
    return moved
