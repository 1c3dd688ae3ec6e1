"""Functions in the style of a course: parameters by name, examples in columns, a list of caches between the passes."""

import numpy as np


def make_parameters(layer_dims):
    rng = np.random.default_rng(3)
    parameters = {}
    for i in range(1, len(layer_dims)):
        parameters["W" + str(i)] = rng.normal(size=(layer_dims[i], layer_dims[i - 1])) * 0.1
        parameters["b" + str(i)] = np.zeros((layer_dims[i], 1))
    return parameters


def step_forward(A_prev, W, b, last):
    Z = W @ A_prev + b
    A = 1 / (1 + np.exp(-Z)) if last else np.maximum(Z, 0)
    return A, {"A_prev": A_prev, "W": W, "Z": Z}


def model_forward(X, parameters):
    caches, A, L = [], X, len(parameters) // 2
    for i in range(1, L + 1):
        A, cache = step_forward(A, parameters[f"W{i}"], parameters[f"b{i}"], i == L)
        caches.append(cache)
    return A, caches


def step_backward(dZ, cache):
    m = dZ.shape[1]
    dW = dZ @ cache["A_prev"].T / m
    db = dZ.sum(axis=1, keepdims=True) / m
    dA_prev = cache["W"].T @ dZ
    return dA_prev, dW, db


def model_backward(AL, Y, caches):
    grads, dZ = {}, AL - Y
    for i in range(len(caches), 0, -1):
        dA, grads[f"dW{i}"], grads[f"db{i}"] = step_backward(dZ, caches[i - 1])
        if i > 1:
            dZ = dA * (caches[i - 2]["Z"] > 0)
    return grads


parameters = make_parameters([2, 3, 1])
table = np.loadtxt("measurements.csv", delimiter=",")  # a script goes on after its functions
