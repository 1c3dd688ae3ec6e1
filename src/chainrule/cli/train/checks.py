"""What ``chainrule train`` refuses before it reads a table: options that do not go together, places for files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli.shared import check_not_data, check_outputs, need_dask
from chainrule.cli.train.options import NONE
from chainrule.errors import InputError
from chainrule.system.files import is_device

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions


def check(options: TrainOptions) -> None:
    """All that can be refused without reading the data.

    Raises:
        InputError: an option that does not fit, or that goes with another one; a file that cannot be written.
    """
    from chainrule.render.plots import PICTURES

    for option, value in (("cv", options.cv), ("report", options.report)):
        if options.blocks and value is not None:
            raise InputError(f"--{option}", "no --blocks beside it: it needs all rows at once", "both")
    _check_cluster(options)
    if options.preset != NONE and options.checkpoint is not None and options.checkpoint.suffix == ".safetensors":
        wanted = "the name of a folder: each network of a preset has a checkpoint of its own"
        raise InputError(f"--checkpoint {options.checkpoint}", wanted, "that of a file")
    if options.cv_only:
        if options.cv is None:
            raise InputError("--cv-only", "--cv FOLDS beside it", "no such option")
        for option in ("out", "plot", "report", "history", "checkpoint"):
            if getattr(options, option) is not None:
                raise InputError(f"--{option}", "no --cv-only beside it, which makes no model", "both")
    if options.resume and options.checkpoint is None:
        raise InputError("--resume", "--checkpoint FOLDER beside it", "no such option")
    if options.checkpoint_every < 1:
        raise InputError("--checkpoint-every", "at least 1", str(options.checkpoint_every))
    endings = {
        "--plot": (PICTURES, "a picture"), "--report": ((".html", ".htm"), "a page"),
        "--history": ((".csv", ".jsonl"), "a table"),
    }  # fmt: skip
    checkpoint = options.checkpoint_file
    files: dict[str, Path | None] = {
        "--out": options.model_file, "--plot": options.plot_file, "--report": options.report,
        "--history": options.history,
    }  # fmt: skip
    if options.checkpoint is not None and checkpoint is not None:
        if checkpoint.parent.is_dir() or checkpoint == options.checkpoint:
            files["--checkpoint"] = checkpoint
        elif checkpoint.parent.exists() or not checkpoint.parent.parent.is_dir():
            got = "a file" if checkpoint.parent.exists() else f"no folder {checkpoint.parent.parent}"
            raise InputError(f"--checkpoint {options.checkpoint}", "a folder, or a place for one", got)
    check_outputs(files, list(options.data))
    if options.cluster is not None:
        need_dask()
        check_not_data(files, options.data)
    for option, (known, what) in endings.items():
        file = files[option]
        if file is not None and file.suffix.lower() not in known and not is_device(file):
            raise InputError(f"{option} {file}", f"{what}: {', '.join(known)}", repr(file.suffix))
    if options.cv_only:
        return
    check_writable(files)


def check_writable(files: dict[str, Path | None]) -> None:
    """Raise an InputError for a file in a folder that may not be written to."""
    for option, file in files.items():
        if file is not None and not os.access(file.parent, os.W_OK) and not is_device(file):
            raise InputError(f"{option} {file}", "a folder that may be written to", "one that may not")


def _check_cluster(options: TrainOptions) -> None:
    """What goes with --cluster alone, and what does not go with it."""
    if options.cluster is None:
        for option, value in (
            ("mode", options.mode),
            ("local-steps", options.local_steps),
            ("steps-per-epoch", options.steps_per_epoch),
            ("timeout", options.timeout),
        ):
            if value is not None:
                raise InputError(f"--{option}", "--cluster beside it", "no such option")
        return
    if options.timeout is not None and not options.timeout > 0:
        raise InputError("--timeout", "seconds, above 0", f"{options.timeout:g}")
    refused: list[tuple[str, Any, str]] = [
        ("cv", options.cv, "it needs all rows at once"),
        ("report", options.report, "it needs all rows at once"),
        ("blocks", options.blocks or None, "its workers read in parts as it is"),
        ("threads", options.plan.threads, "each of its tasks has one"),
    ]
    for name, given, why in refused:
        if given is not None:
            raise InputError(f"--{name}", f"no --cluster beside it: {why}", "both")
