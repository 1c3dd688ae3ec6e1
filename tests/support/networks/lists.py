"""A class in the style of a book: lists of weights and biases, column vectors, one example at a time."""

from itertools import pairwise

import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigma(z) * (1 - sigma(z))


class Layers:
    def __init__(self, sizes):
        self.count = len(sizes)
        rng = np.random.default_rng(7)
        self.weights = [rng.normal(size=(m, j)) for j, m in pairwise(sizes)]
        self.biases = [rng.normal(size=(m, 1)) for m in sizes[1:]]

    def backprop(self, x, y):
        zs, hs = [], [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            zs.append(w @ hs[-1] + b)
            hs.append(sigma(zs[-1]))
        grad_b, grad_w = [None] * (self.count - 1), [None] * (self.count - 1)
        delta = (hs[-1] - y) * slope(zs[-1])
        for i in range(self.count - 2, -1, -1):
            grad_b[i] = delta
            grad_w[i] = delta @ hs[i].T
            if i:
                delta = (self.weights[i].T @ delta) * slope(zs[i - 1])
        return grad_b, grad_w
