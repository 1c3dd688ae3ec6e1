"""The engines there are, and which of them trains: what a recipe asks for, if the library computes the network."""

from __future__ import annotations

import os
import sys
from functools import cache

from chainrule.errors import InputError
from chainrule.native.library import SWITCH, library, not_computed
from chainrule.network.network import Network
from chainrule.train.compiled import CompiledEngine
from chainrule.train.engine import Engine
from chainrule.train.optimizers import optimizer
from chainrule.train.plain import PlainEngine
from chainrule.train.recipe import Recipe

GRADIENT_ROWS = 2048  # whose gradient is taken at once


def start(network: Network, recipe: Recipe) -> Engine:
    """The engine that the recipe asks for; with ``auto`` the plain one where the native library cannot train it.

    Raises:
        InputError: the compiled engine where there is no library, or of a network with an activation or a loss that
            it does not compute.
    """
    shares = recipe.dropout_of(network)
    if recipe.engine == "auto" and not compiled_here():
        _say_once()
    if recipe.engine == "plain" or (recipe.engine == "auto" and not compiled_here()):
        return PlainEngine(network, recipe, shares)
    if not compiled_here():
        raise InputError("engine compiled", "the native library, which the installation builds", "none")
    missing = not_computed(network.hidden, network.output, network.loss)
    if missing and recipe.engine == "compiled":
        raise InputError("engine compiled", "activations and a loss that the native library computes", missing)
    return PlainEngine(network, recipe, shares) if missing else CompiledEngine(network, recipe, shares)


@cache
def _say_once() -> None:
    """That training is slow here; not where the environment asked for it."""
    if os.environ.get(SWITCH) != "plain":
        sys.stderr.write("chainrule: no native library here; the plain engine trains, many times as slowly\n")


def start_for_gradients(network: Network, rows: int, threads: int) -> Engine:
    """An engine that is asked for gradients only, of ``rows`` rows."""
    batch = min(GRADIENT_ROWS, rows)
    return start(network, Recipe(optimizer("sgd"), batch, shuffle=False, health=False, threads=threads))


def compiled_here() -> bool:
    """Whether the native library is here and may be used."""
    return library() is not None
