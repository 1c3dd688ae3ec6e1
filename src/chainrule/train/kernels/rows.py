"""The rows of a minibatch: their inputs, targets and coefficients, and what is counted of them.

Targets and outputs lie class by class, (k, n): a loop over the examples fills vector instructions, one over few classes
does not.
"""

from __future__ import annotations

from numba import njit

from chainrule.train.kernels.low_level import EIGHT, copy_eight, like, line, part
from chainrule.train.kernels.mathematics import FAST


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def gather(x, order, units):
    """The rows ``order`` of x into units (n, d)."""
    width = units.shape[1]
    for r in range(order.size):
        source, into, j = line(x, order[r], 0, width), line(units, r, 0, width), 0
        while j + EIGHT <= width:
            copy_eight(source, j, into, j)
            j += EIGHT
        if j < width and width >= EIGHT:  # the last eight, some of them once more
            copy_eight(source, width - EIGHT, into, width - EIGHT)
        elif j < width:
            for u in range(width):
                into[u] = source[u]


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def answer(labels, y, order, targets, r0, classes):
    """The targets of the rows ``order``, one-hot for class numbers, into columns of targets.

    Args:
        targets: (k, rows of the minibatch).
        r0: the first column.
        classes: takes the class numbers, as reals, so that loops over them fill vector instructions.
    """
    zero, one = targets.dtype.type(0), targets.dtype.type(1)
    n, k = order.size, targets.shape[0]
    if labels.size:
        for r in range(n):
            classes[r] = like(zero, part(labels, order[r], 1)[0])
        for o in range(k):
            of_class, number = line(targets, o, r0, n), like(zero, o)
            for r in range(n):
                of_class[r] = one if classes[r] == number else zero
    elif y.size:
        for r in range(n):
            for o in range(k):
                targets[o, r0 + r] = y[order[r], o]


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def coefficients(weight, order, mean, into):
    """c_n of each example of a minibatch (``chainrule.network.losses.reduce_by``); returned: the sum of its weights."""
    n, total = order.size, 0.0
    if weight.size == 0:
        c = 1.0 / n if mean else 1.0
        for r in range(n):
            into[r] = c
        return float(n)
    for r in range(n):
        total += weight[order[r]]
    for r in range(n):
        w = float(weight[order[r]])
        into[r] = (w / total if total > 0 else 0.0) if mean else w
    return total


@njit(error_model="numpy")
def observe(slopes, limit, asleep):
    """Count for each unit of a layer those of n examples, (n, units), in which it is asleep."""
    for r in range(slopes.shape[0]):
        for u in range(asleep.size):
            asleep[u] += abs(slopes[r, u]) <= limit


@njit(error_model="numpy", fastmath=FAST, forceinline=True)
def rightly(yhat, classes, r0, room):
    """How many of the examples have their largest output at their class.

    Args:
        yhat: (k, rows of the minibatch).
        classes: the examples', as reals.
        r0: the first one's column.
        room: at least 2 n numbers to work in; it takes each example's largest output and its number.
    """
    n = classes.size
    tops, likely, first = part(room, 0, n), part(room, n, n), line(yhat, 0, r0, n)
    for r in range(n):
        tops[r], likely[r] = first[r], like(first[r], 0)
    for o in range(1, yhat.shape[0]):
        of_class, number = line(yhat, o, r0, n), like(yhat[0, 0], o)
        for r in range(n):
            higher = of_class[r] > tops[r]
            likely[r] = number if higher else likely[r]
            tops[r] = of_class[r] if higher else tops[r]
    right = 0
    for r in range(n):
        right += likely[r] == classes[r]
    return right
