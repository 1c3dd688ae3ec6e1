"""Many networks at once: each on a thread of its own, for a small one is not worth a second thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Event
from typing import TypeVar

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.system.processors import cores
from chainrule.system.side_by_side import side_by_side
from chainrule.train.callbacks import Callback
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.recipe import Recipe, whole
from chainrule.train.records import Fitted

T = TypeVar("T")


def fit_many(
    networks: Sequence[Network],
    rows: Rows | Sequence[Rows],
    recipes: Recipe | Sequence[Recipe],
    *,
    epochs: int,
    validation: Rows | Sequence[Rows] | None = None,
    callbacks: Callable[[int], Sequence[Callback]] | None = None,
    threads: int | None = None,
) -> tuple[Fitted, ...]:
    """Train each network as ``fit`` alone does, to the last bit, several at a time.

    They need not be alike. One that diverges or stops early leaves the others alone; Ctrl-C ends all of them, each
    with what it has by then.

    Args:
        rows, recipes, validation: one for all networks, or one each.
        callbacks: number of a network, from 0 -> callbacks of its own.
        threads: that all of them share; None takes the processors that there are. Where a recipe gives a step more
            than one, fewer networks are trained at a time.

    Returns:
        What ``fit`` gives, in the order of the networks.

    Raises:
        InputError: as by ``fit``; not one each. The trainings that have begun are then ended.

    >>> import numpy as np
    >>> from chainrule.train.engine import Rows
    >>> from chainrule.train.recipe import Recipe
    >>> x, y = np.eye(3), np.array([0, 1, 2])
    >>> networks = [cr.Network.random([3, 4, 3], seed=seed) for seed in range(5)]
    >>> recipes = [Recipe(seed=seed) for seed in range(5)]
    >>> [len(fitted.history) for fitted in fit_many(networks, Rows(x, y), recipes, epochs=2)]
    [2, 2, 2, 2, 2]
    """
    count = len(networks)
    of_rows, of_recipes = _one_each("rows", rows, count), _one_each("recipes", recipes, count)
    of_validation = _one_each("validation", validation, count)

    def job(number: int, stop: Event) -> Fitted:
        return fit(
            networks[number], of_rows[number], of_recipes[number], epochs=epochs, validation=of_validation[number],
            callbacks=() if callbacks is None else callbacks(number), stop=stop,
        )  # fmt: skip

    most = at_once(zip(networks, of_recipes, strict=True), threads)
    return tuple(side_by_side([partial(job, number) for number in range(count)], most))


def at_once(trainings: Iterable[tuple[Network, Recipe]], threads: int | None = None) -> int:
    """How many trainings keep so many threads busy; None: the processors that there are.

    >>> from chainrule.train.recipe import Recipe
    >>> at_once([(cr.Network.random([4, 8, 3]), Recipe(threads=2))], threads=6)
    3
    """
    if threads is not None:
        whole("threads", threads)
    each = max((recipe.threads_for(network) for network, recipe in trainings), default=1)
    return max(1, (cores() if threads is None else threads) // each)


def _one_each(what: str, given: T | Sequence[T], count: int) -> Sequence[T]:
    """What is given for each network, or for all of them.

    Raises:
        InputError: some, and not one each.
    """
    if not isinstance(given, Sequence):
        return [given] * count
    if len(given) != count:
        raise InputError(what, f"one for all networks, or {count} (one each)", str(len(given)))
    return given
