"""Every format that is read from strangers: a small whole file of each, and what reads it."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr

Read = Callable[[Path], object]


@dataclass(frozen=True)
class Format:
    """A small file of a format.

    Attributes:
        name: in tables of results. ending: of the file. whole: its bytes.
        read: reads a file; an InputError refuses it.
        sealed: it has a digest: what is read of a changed file must be the same as of the whole one.
    """

    name: str
    ending: str
    whole: bytes
    read: Read
    sealed: bool = False


def written(ending: str, write: Callable[[Path], object]) -> bytes:
    """What is written to a file of an ending."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"file{ending}")
        write(place)
        return place.read_bytes()


# ---------------------------------------------------------------- models and checkpoints


def network() -> cr.Network:
    """A small one."""
    return cr.Network.random([2, 3, 2], seed=1)


def _model_read(place: Path) -> object:
    return cr.load(place).flat.tobytes()


@cache
def ensemble() -> Any:
    """A small model of a preset."""
    import pyarrow as pa

    from chainrule.tables.plan import Plan
    from chainrule.tables.prepared import prepare
    from chainrule.tables.presets.members import PRESETS, Kind, Preset
    from chainrule.tables.presets.table import train_preset

    rng = np.random.default_rng(0)
    table = pa.table({"a": rng.normal(size=60), "c": rng.choice(["u", "v"], 60), "y": rng.normal(size=60)})
    before, PRESETS["fast"] = PRESETS["fast"], Preset(folds=2, kinds=(Kind(hidden=(2,), ramps=1, epochs=3),))
    try:
        return train_preset(prepare(table, "y", Plan()), Plan(), "fast").model
    finally:
        PRESETS["fast"] = before


def _ensemble_read(place: Path) -> object:
    from chainrule.storage import load_table_model

    return repr(load_table_model(place))


X = np.arange(12.0).reshape(6, 2)


def train(place: Path, epochs: int) -> object:
    """Train with a checkpoint, from where it was left; the weights."""
    from sklearn.exceptions import ConvergenceWarning

    from chainrule.estimators import MLPRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = MLPRegressor(
            hidden_layer_sizes=(2,), max_iter=epochs, random_state=0, checkpoint=place, early_stopping=True,
            validation_fraction=0.34,
        ).fit(X, X[:, 0])  # fmt: skip
    return [W.tobytes() for W in fitted.coefs_]


def models() -> list[Format]:
    """Files that have a digest."""
    from chainrule.storage import save_ensemble

    return [
        Format("model", ".safetensors", written(".safetensors", lambda p: cr.save(network(), p)), _model_read, True),
        Format("ensemble", ".safetensors", written(".safetensors", lambda p: save_ensemble(ensemble(), p)),
               _ensemble_read, True),
        Format("checkpoint", ".safetensors", written(".safetensors", lambda p: train(p, 2)),
               lambda p: train(p, 3), True),
    ]  # fmt: skip


# ---------------------------------------------------------------- gradients and tables


def gradients() -> list[Format]:
    """Files of gradients."""
    from safetensors.numpy import save_file

    from chainrule.storage import read_gradient_file

    arrays = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.array([0.5, -1.0])}
    writers: dict[str, Callable[[Path], object]] = {
        ".npz": lambda p: np.savez_compressed(p, **arrays), ".npy": lambda p: np.save(p, arrays["W1"]),
        ".json": lambda p: p.write_text(json.dumps({n: a.tolist() for n, a in arrays.items()})),
        ".csv": lambda p: p.write_text("W1,0,1,2\nW1,3,4,5\nb1,0.5,-1\n"),
        ".tsv": lambda p: p.write_text("W1\t0\t1\t2\nW1\t3\t4\t5\nb1\t0.5\t-1\n"),
        ".safetensors": lambda p: save_file(arrays, p),
    }  # fmt: skip
    return [Format(f"gradients {e}", e, written(e, write), read_gradient_file) for e, write in writers.items()]


def matlab() -> list[Format]:
    """Matlab files, packed and not; each is read in a process of its own."""
    from scipy.io import savemat

    from chainrule.storage import read_gradient_file

    arrays = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.array([0.5, -1.0])}
    wholes = [written(".mat", lambda p, packed=packed: savemat(p, arrays, do_compression=packed)) for packed in (0, 1)]
    return [Format("gradients .mat", ".mat", whole, read_gradient_file) for whole in wholes]


def tables() -> list[Format]:
    """Tables in every format, and packed in every way."""
    import bz2
    import gzip
    import lzma
    import zipfile

    import pyarrow as pa
    from pyarrow import csv, feather, parquet

    from chainrule.storage import read_table

    def read(place: Path) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_table(str(place))

    table = pa.table({"a": [1.5, 2.5, None], "größe": ["x", 'y "z"\n', "ŷ"], "y": [0, 1, 1]})
    text = written(".csv", lambda p: csv.write_csv(table, p))

    def zipped(place: Path) -> None:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("file.csv", text)

    def book(place: Path) -> None:
        import openpyxl

        made = openpyxl.Workbook()
        for row in (("a", "y"), (1.5, "x"), (2.5, "z")):
            made.active.append(row)
        made.save(place)

    writers: dict[str, Callable[[Path], object]] = {
        ".csv": lambda p: p.write_bytes(text), ".tsv": lambda p: p.write_text("a\ty\n1,5\tx\n2,5\tz\n"),
        ".jsonl": lambda p: p.write_text('{"a": 1.5, "y": "x"}\n{"a": null, "y": "ŷ"}\n', encoding="utf-8"),
        ".parquet": lambda p: parquet.write_table(table, p),
        ".feather": lambda p: feather.write_feather(table, p, "uncompressed"),
        ".npz": lambda p: np.savez(p, a=np.arange(3.0), y=np.array(["p", "q", "p"])),
        ".csv.gz": lambda p: p.write_bytes(gzip.compress(text, mtime=0)),
        ".csv.bz2": lambda p: p.write_bytes(bz2.compress(text)),
        ".csv.xz": lambda p: p.write_bytes(lzma.compress(text)), ".csv.zip": zipped, ".xlsx": book,
        ".csv.zst": lambda p: p.write_bytes(pa.compress(text, "zstd", asbytes=True)),
    }  # fmt: skip
    return [Format(f"table {e}", e, written(e, write), read) for e, write in writers.items()]


# ---------------------------------------------------------------- text


def worksheet() -> str:
    """A small worksheet."""
    return (Path(__file__).parents[1] / "examples" / "derivation.md").read_text(encoding="utf-8")


def sheets() -> list[Format]:
    """Worksheets as text and as notebooks; both passes and what is printed of them."""
    from chainrule.auditing.audit import audit

    def read(place: Path) -> object:
        found = audit(place)
        return [str(found), found.to_html(), found.to_markdown(), found.to_latex(), found.to_dict()]

    cell = {"cell_type": "markdown", "source": worksheet().splitlines(keepends=True)}
    notebook = json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}, ensure_ascii=False)
    return [
        Format("worksheet", ".md", worksheet().encode(), read), Format("notebook", ".ipynb", notebook.encode(), read),
    ]  # fmt: skip


def all_formats() -> list[Format]:
    """All of them."""
    return [*models(), *gradients(), *matlab(), *tables(), *sheets()]
