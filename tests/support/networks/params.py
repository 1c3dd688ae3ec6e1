"""A class in the style of an assignment: weights (in, out) in a dictionary, ``loss`` gives the loss and gradients."""

import numpy as np


class SmallClassifier:
    def __init__(self, input_dim, hidden_dim, num_classes, scale=0.01):
        rng = np.random.default_rng(5)
        self.params = {
            "W1": scale * rng.normal(size=(input_dim, hidden_dim)),
            "b1": np.zeros(hidden_dim),
            "W2": scale * rng.normal(size=(hidden_dim, num_classes)),
            "b2": np.zeros(num_classes),
        }

    def scores(self, X):
        hidden = np.maximum(X @ self.params["W1"] + self.params["b1"], 0)
        return hidden, hidden @ self.params["W2"] + self.params["b2"]

    def predict(self, X):
        return self.scores(X)[1].argmax(axis=1)

    def loss(self, X, y, reg=0.1):
        n = X.shape[0]
        hidden, scores = self.scores(X)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        weights = (self.params["W1"], self.params["W2"])
        loss = -np.log(p[np.arange(n), y]).mean() + 0.5 * reg * sum((W**2).sum() for W in weights)
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        grads = {"W2": hidden.T @ d + reg * self.params["W2"], "b2": d.sum(axis=0)}
        d = d @ self.params["W2"].T
        d[hidden == 0] = 0
        grads["W1"] = X.T @ d + reg * self.params["W1"]
        grads["b1"] = d.sum(axis=0)
        return loss, grads
