"""The engines there are, and which of them trains: what a recipe asks for, and has kernels for the network."""

from __future__ import annotations

import importlib.util

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.train.engine import Engine
from chainrule.train.optimizers import optimizer
from chainrule.train.plain import PlainEngine
from chainrule.train.recipe import Recipe

GRADIENT_ROWS = 2048  # whose gradient is taken at once


def start(network: Network, recipe: Recipe) -> Engine:
    """The engine that the recipe asks for; with ``auto`` the plain one where numba or a kernel is missing.

    Raises:
        InputError: the compiled engine, of a network with an activation or a loss that has no kernel.
    """
    shares = recipe.dropout_of(network)
    if recipe.engine == "plain" or (recipe.engine == "auto" and not compiled_here()):
        return PlainEngine(network, recipe, shares)
    from chainrule.train.compiled import CompiledEngine, without_kernel

    missing = without_kernel(network)
    if missing and recipe.engine == "compiled":
        raise InputError("engine compiled", "activations and a loss that have kernels", missing)
    return PlainEngine(network, recipe, shares) if missing else CompiledEngine(network, recipe, shares)


def start_for_gradients(network: Network, rows: int, threads: int) -> Engine:
    """An engine that is asked for gradients only, of ``rows`` rows."""
    batch = min(GRADIENT_ROWS, rows)
    return start(network, Recipe(optimizer("sgd"), batch, shuffle=False, health=False, threads=threads))


def compiled_here() -> bool:
    """Whether numba is installed."""
    return importlib.util.find_spec("numba") is not None
