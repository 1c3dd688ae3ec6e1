"""Rows to learn from, and comparing what was learned: for the tests of the estimators."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

IRIS, KIND = load_iris(return_X_y=True)
IRIS = StandardScaler().fit_transform(IRIS)
NAMES = np.array(["setosa", "versicolor", "virginica"], object)[KIND]
TWO = KIND > 0
SEVERAL = np.stack([KIND > 0, KIND != 1, IRIS[:, 0] > 0], axis=1).astype(int)
NUMBERS = IRIS @ [0.5, -1.0, 0.3, 0.2]
COLUMNS = np.stack([NUMBERS, IRIS[:, 0] ** 2, np.abs(NUMBERS)], axis=1)
WEIGHT = np.linspace(0.1, 2, len(IRIS))


def bitwise(one, other):
    pairs = zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


def close(one, other, rtol=1e-6):
    for a, b in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9)
