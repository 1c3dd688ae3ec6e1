"""A PyTorch module of somebody's file, with its gradients: the file runs in a process of its own with a time limit."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.given.arrays import without_library
from chainrule.network import checks
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.storage.modules import from_module
from chainrule.system.workers import Lost, run_all
from chainrule.tables.plain import plain_examples

EXAMPLES = 8  # drawn where neither the file nor a table has any


@dataclass(frozen=True, eq=False)
class ModuleRun:
    """A module as a network, the examples, and the gradients of its parameters by name.

    Attributes:
        note: where the examples and the gradients come from.
    """

    network: Network
    x: Array
    y: Array
    gradients: dict[str, Array]
    note: str


class _ModuleTask(NamedTuple):
    file: str
    name: str
    table: Array | None
    loss: str | None
    seed: int


#: our loss -> that of each example by PyTorch's own operations, of yhat and y (n, k)
_LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "cross_entropy": lambda p, y: -(y * p.log()).sum(1),
    "binary_cross_entropy": lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).sum(1),
    "squared_error": lambda p, y: ((p - y) ** 2).sum(1),
    "half_squared_error": lambda p, y: ((p - y) ** 2).sum(1) / 2,
    "mean_squared_error": lambda p, y: ((p - y) ** 2).mean(1),
    "absolute_error": lambda p, y: (p - y).abs().sum(1),
    "poisson": lambda p, y: (p - y * p.log()).sum(1),
}


def run_module(which: str, table: Array | None, loss: str | None, *, seed: int, seconds: float) -> ModuleRun:
    """Make the module of ``FILE.py:NAME`` and take its gradients: its own where it has some, else by its loss.

    Args:
        which: NAME is a module, or a class or function that makes one.
        table: examples in rows, the inputs and then the targets; None: the file's own ``x`` and ``y``, else drawn ones.
        loss: as ``from_module`` takes it, by name.
        seconds: after so many the process is ended.

    Raises:
        InputError: no such file or name, an error in the file, too much time, a module that is no network here.
    """
    file, _, name = which.rpartition(":")
    if not file or not name.isidentifier():
        raise InputError("--torch", "a file and a name in it, such as module.py:Net", repr(which))
    if not Path(file).is_file():
        raise InputError(f"--torch {file}", "a file", "a folder" if Path(file).is_dir() else "no such file")
    task = _ModuleTask(file, name, table, loss, seed)
    ((_, found),) = run_all(_run, [task], processes=1, seconds=seconds)
    if isinstance(found, Lost):
        raise InputError(f"--torch {which}", "a file that runs", found.reason)
    if isinstance(found, InputError):
        raise found
    assert isinstance(found, ModuleRun)
    return found


def _run(task: _ModuleTask) -> ModuleRun | InputError:
    """In the process of its own; what the file prints goes to standard error."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return _taken(task)
    except InputError as error:
        return error


def _taken(task: _ModuleTask) -> ModuleRun:
    space = _loaded(task.file)
    made = getattr(space, task.name, None)
    if made is None:
        known = ", ".join(name for name in vars(space) if not name.startswith("_"))
        raise InputError(f"--torch {task.file}", f"a name in it: {known[:200]}", task.name)
    module = made() if isinstance(made, type) or not hasattr(made, "parameters") else made
    if hasattr(module, "eval"):
        module.eval()
    loss = getattr(space, task.loss, task.loss) if task.loss else None
    network = from_module(module, loss)
    x, y, note = _examples(task, space, network)
    parameters = dict(module.named_parameters())
    if all(parameter.grad is None for parameter in parameters.values()):
        _backward(module, network, x, y)
        note += ", gradients of loss.backward()"
    else:
        note += ", the .grad that the parameters have"
    gradients = {
        f"{name}.grad": np.asarray(without_library(p.grad)) for name, p in parameters.items() if p.grad is not None
    }
    return ModuleRun(network, x, y, gradients, note)


def _loaded(file: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        raise InputError(f"--torch {file}", "a Python file", "another")
    space = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(file).resolve().parent))
    sys.modules[Path(file).stem] = space
    spec.loader.exec_module(space)
    return space


def _examples(task: _ModuleTask, space: Any, network: Network) -> tuple[Array, Array, str]:
    """x (n, d) and y (n, k) with where they come from: a table, the file itself, or drawn."""
    d, k = network.sizes[0], network.sizes[-1]
    x: Any = next((getattr(space, name) for name in "xX" if hasattr(space, name)), None)
    y: Any = next((getattr(space, name) for name in "yY" if hasattr(space, name)), None)
    if task.table is not None:
        (x, y), note = plain_examples(task.table, d, k, "of --data"), "examples of the table"
    elif x is not None and y is not None:
        x, y, note = np.asarray(without_library(x)), np.asarray(without_library(y)), "examples of the file"
    else:
        rng = np.random.default_rng(task.seed)
        low, high = network.loss_rule.target_range
        x, y = rng.normal(size=(EXAMPLES, d)), rng.uniform(max(low, 0.0), min(high, 1.0), (EXAMPLES, k))
        y = rng.integers(0, k, EXAMPLES) if network.output == "softmax" else y
        note = f"{EXAMPLES} drawn examples (seed {task.seed})"
    x = checks.numbers("x", np.asarray(x).reshape(len(x), -1), np.dtype("float64"))
    return x, checks.targets(y, len(x), k, False, np.dtype("float64")), note


def _backward(module: Any, network: Network, x: Array, y: Array) -> None:
    """The gradients of the network's loss by PyTorch's own backward pass."""
    if network.loss not in _LOSSES:
        raise InputError(
            f"loss {network.loss}", f"one of {', '.join(_LOSSES)}, or a module that has its .grad", "another"
        )
    first = next(module.parameters())

    def tensor(array: Array) -> Any:
        made = first.new_tensor(array.tolist())
        return made.detach()

    p = module(tensor(x))
    ends = type(list(module.modules())[-1]).__name__
    if ends == "LogSoftmax":
        p = p.exp()
    elif network.output == "softmax" and ends != "Softmax":
        p = p.softmax(1)
    elif network.output == "sigmoid" and ends != "Sigmoid":
        p = p.sigmoid()
    each = _LOSSES[network.loss](p, tensor(y))
    (each.mean() if network.reduction == "mean" else each.sum()).backward()
