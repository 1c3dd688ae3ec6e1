"""Checkpoints: the whole state of a training in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.system.files import write_whole
from chainrule.system.tensor_files import check_digest, digest, read_tensors
from chainrule.train.callbacks import Callback
from chainrule.train.engine import State
from chainrule.train.health import LayerHealth
from chainrule.train.recipe import Recipe, whole
from chainrule.train.records import EPOCH_NUMBERS, Epoch, Run

VERSION = "3"  # 2: epochs had another order of rows, which cannot be gone on with


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often the state is written.

    Attributes:
        path: the file.
        every: epochs between two writings; the last is always written.
        asked: what a resumed training must agree with beside network and recipe, such as the data's name.
    """

    path: Path
    every: int = 1
    asked: str = ""

    def __post_init__(self) -> None:
        whole("epochs between checkpoints", self.every)

    def due(self, number: int) -> bool:
        """Whether it is written after this epoch."""
        return number % self.every == 0

    def write(self, network: Network, run: Run, callbacks: Sequence[Callback]) -> None:
        """Write the state; the file before it stays until the new one is whole.

        Raises:
            InputError: it cannot be written.
        """
        from safetensors.numpy import save

        state = run.engine.state()
        tensors = {"theta": state.theta} | {f"moment_{i}": m for i, m in enumerate(state.moments, 1)}
        for i, callback in enumerate(callbacks):
            tensors |= {f"callback_{i}_{name}": np.ascontiguousarray(v) for name, v in callback.memory().items()}
        if run.best is not None:
            tensors["best"] = run.best
        about = {
            "version": VERSION, "training": training(network, run.recipe, run.engine.kind), "asked": self.asked,
            "beginning": run.beginning, "callbacks": json.dumps([callback.checkpoint_name for callback in callbacks]),
            "step": str(state.step), "scale": run.scale.hex(),
        }  # fmt: skip
        tensors |= _history_tensors(run.history)
        about["digest"] = digest(tensors, json.dumps(about, sort_keys=True))
        try:
            write_whole(self.path, save(tensors, about), private=True)
        except OSError as error:
            got = error.strerror or str(error)
            raise InputError(f"checkpoint {self.path}", "a file that can be written", got) from None


def training(network: Network, recipe: Recipe, engine: str) -> str:
    """What must be the same for two trainings to be one, as text."""
    o = recipe.optimizer
    return json.dumps({
        "sizes": network.sizes, "hidden": network.hidden, "output": network.output, "loss": network.loss,
        "reduction": network.reduction, "dtype": str(network.dtype), "optimizer": o.name,
        "settings": asdict(o.settings), "batch_size": recipe.batch_size, "seed": recipe.seed, "l2": recipe.l2,
        "dropout": recipe.dropout_of(network), "schedule": asdict(recipe.schedule), "shuffle": recipe.shuffle,
        "engine": engine,
    })  # fmt: skip


def read_checkpoint(checkpoint: Checkpoint, network: Network, run: Run, callbacks: Sequence[Callback]) -> int:
    """Bring a run to where a checkpoint was written; how many epochs it has made. No file: none.

    Raises:
        InputError: the file is not a checkpoint, or of another training.
    """
    if not checkpoint.path.exists():
        return 0
    try:
        return _restored(checkpoint, network, run, callbacks)
    except InputError:
        raise
    except (KeyError, ValueError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        words = f"a part of one, or a damaged one ({error})"
        raise InputError(f"checkpoint {checkpoint.path}", "a whole checkpoint of chainrule", words) from None


def _restored(checkpoint: Checkpoint, network: Network, run: Run, callbacks: Sequence[Callback]) -> int:
    path, asked = checkpoint.path, checkpoint.asked
    tensors, about = _read(path)
    was, now = json.loads(about["training"]), json.loads(training(network, run.recipe, run.engine.kind))
    for name, value in now.items():
        if was.get(name) != value:
            raise InputError(
                f"checkpoint {path}: {name}", f"{value}, as asked now", " ".join(str(was.get(name)).split())[:200]
            )
    if about["asked"] != asked:
        raise InputError(f"checkpoint {path}", f"one of {asked or 'the same data'}", about["asked"] or "another")
    if about.get("beginning") != run.beginning:
        raise InputError(f"checkpoint {path}", "one of these rows and these first parameters", "one of others")
    names = [callback.checkpoint_name for callback in callbacks]
    if json.loads(about["callbacks"]) != names:
        raise InputError(f"checkpoint {path}: callbacks", ", ".join(names) or "none", about["callbacks"])
    wanted = ["theta", *(f"moment_{i}" for i in range(1, run.recipe.optimizer.moments + 1))]
    for name in wanted:
        found = tensors.get(name, np.zeros(0))
        if found.shape != network.flat.shape or found.dtype != network.dtype or not np.isfinite(found).all():
            expected = f"{network.parameter_count} finite numbers in {network.dtype}"
            raise InputError(f"checkpoint {path}: {name}", expected, f"{found.dtype} of shape {found.shape}")
    history = _history(tensors)
    if history and len(history[0].health) not in (0, network.depth):
        expected = f"the health of {network.depth} layers"
        raise InputError(f"checkpoint {path}: history_health", expected, f"{len(history[0].health)}")
    step, scale = int(about["step"]), float.fromhex(about["scale"])
    if not (0 <= step < 2**53 and 0 < scale < math.inf):
        expected = "a count of steps, and a factor of the learning rate"
        raise InputError(f"checkpoint {path}", expected, f"{about['step'][:20]} and {scale:g}")
    for i, callback in enumerate(callbacks):
        prefix = f"callback_{i}_"
        memory = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        if memory:
            callback.remember(memory)
    run.engine.restore(State(tensors["theta"], tuple(tensors[name] for name in wanted[1:]), step))
    run.scale, run.best = scale, tensors.get("best")
    run.history[:] = history
    return len(run.history)


def _read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    tensors, about = read_tensors(f"checkpoint {path}", path, "a checkpoint of chainrule")
    version = about.get("version")
    if version != VERSION or "training" not in about:
        got = "version 2, whose epochs order the rows in another way" if version == "2" else "another file"
        raise InputError(f"checkpoint {path}", f"a checkpoint of chainrule, version {VERSION}", got)
    told = about.pop("digest", "")
    check_digest(f"checkpoint {path}", told, tensors, json.dumps(about, sort_keys=True))
    return tensors, about


_HEALTH = [field.name for field in fields(LayerHealth)]


def _history_tensors(history: Sequence[Epoch]) -> dict[str, Array]:
    """(epochs, numbers), which of them are there, and (epochs, layers, numbers of a layer)."""
    numbers = [[getattr(epoch, name) for name in EPOCH_NUMBERS] for epoch in history]
    seen = min((len(epoch.health) for epoch in history), default=0)  # none, where some epochs were not looked at
    layers = [[[getattr(row, name) for name in _HEALTH] for row in epoch.health[:seen]] for epoch in history]
    width = len(EPOCH_NUMBERS)
    return {
        "history": np.array(numbers, np.float64).reshape(-1, width),  # None becomes NaN
        "history_known": np.array([[value is not None for value in row] for row in numbers]).reshape(-1, width),
        "history_health": np.array(layers, np.float64).reshape(len(history), len((layers or [[]])[0]), len(_HEALTH)),
    }


def _history(tensors: dict[str, Array]) -> list[Epoch]:
    found = []
    arrays = (tensors[name].tolist() for name in ("history", "history_known", "history_health"))
    for row, known, health in zip(*arrays, strict=True):
        named = zip(EPOCH_NUMBERS, row, known, strict=True)
        numbers: dict[str, Any] = {name: value if there else None for name, value, there in named}
        rows = [dict(zip(_HEALTH, values, strict=True)) for values in health]
        whole = [row | {name: int(row[name]) for name in ("layer", "units", "dead")} for row in rows]
        found.append(Epoch(**{**numbers, "number": int(row[0]), "health": tuple(LayerHealth(**row) for row in whole)}))
    return found
