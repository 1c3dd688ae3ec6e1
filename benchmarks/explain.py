"""Time and memory of explanations and of the ten largest paths, against depth and width, beside brute force.

``python benchmarks/explain.py`` prints two Markdown tables. Times are the best of five, in milliseconds; the first call
of a process also loads the formula grammar, which the line below the tables tells.
"""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr

BRUTE_MOST = 2_000_000  # paths that brute force is asked to list


def best(work: Callable[[], Any], times: int = 5) -> float:
    """Milliseconds, the best of several."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return 1e3 * min(found)


def peak(work: Callable[[], Any]) -> float:
    """Peak of the memory that Python and NumPy take, in MB."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / 1e6


def brute_force(net: cr.Network, x: Any, y: Any) -> list[float]:
    """The ten largest products of all paths from x_1 to the loss, every one of them formed."""
    b = net.backward(x, y)
    jacobian = net.output_rule.jacobian(b.forward.a[-1], b.forward.yhat)[0]
    slopes = [rule.dg(a)[0] for rule, a in zip(net.activations, b.forward.a, strict=False)]
    products = []
    for units in itertools.product(*(range(size) for size in net.sizes[1:])):
        product = net.weights[0][units[0], 0]
        for i in range(1, net.depth):
            product *= slopes[i - 1][units[i - 1]] * net.weights[i][units[i], units[i - 1]]
        products += [product * jacobian[o, units[-1]] * b.grad_yhat[0, o] for o in range(net.sizes[-1])]
    return sorted(products, key=abs, reverse=True)[:10]


def row(sizes: list[int]) -> str:
    """One line of the table."""
    net = cr.Network.random(sizes, "tanh", seed=0)
    x, y = np.random.default_rng(0).normal(size=sizes[0]), 0
    paths = cr.paths(net, x, y, "dL/dx_1")
    explained = best(lambda: cr.explain(net, x, y, "dL/dW_1,1,1"))
    found = best(lambda: cr.paths(net, x, y, "dL/dx_1"))
    memory = peak(lambda: cr.paths(net, x, y, "dL/dx_1"))
    brute = f"{best(lambda: brute_force(net, x, y), 1):,.0f}" if paths.count <= BRUTE_MOST else "-"
    cells = ["-".join(map(str, sizes)), f"{paths.count:,}", f"{explained:.1f}", f"{found:.1f}", f"{memory:.1f}", brute]
    return f"| {' | '.join(cells)} |"


def table(cases: list[list[int]]) -> str:
    """A table of cases."""
    head = "| network | paths | explain ms | top 10 paths ms | peak MB | brute force ms |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(row, cases)])


if __name__ == "__main__":
    start = time.perf_counter()
    cr.explain(cr.Network.random([2, 2], seed=0), [1.0, 2.0], 0, "dL/dW_111")
    first = 1e3 * (time.perf_counter() - start)
    print("By depth, layers of 8 units:\n")
    print(table([[8] * (depth + 1) for depth in (1, 2, 3, 4, 5, 6, 8, 16, 32)]))
    print("\nBy width, two hidden layers:\n")
    print(table([[w, w, w, 10] for w in (8, 16, 32, 64, 128, 256, 512)] + [[784, 512, 512, 10]]))
    print(f"\nFirst explanation of a process, with the grammar: {first:.0f} ms.")
