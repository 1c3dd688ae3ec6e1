"""What ``chainrule train`` refuses before it reads a table: options that do not go together, places for files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.cli.train.work import Wanted


def check(wanted: Wanted) -> None:
    """All that can be refused without reading the data.

    Raises:
        InputError: an option that does not fit, or that goes with another one; a file that cannot be written.
    """
    from chainrule.cli.shared import check_outputs
    from chainrule.render.plots import PICTURES

    for option, value in (("cv", wanted.cv), ("report", wanted.report)):
        if wanted.blocks and value is not None:
            raise InputError(f"--{option}", "no --blocks beside it: it needs all rows at once", "both")
    _check_cluster(wanted)
    if wanted.cv_only:
        if wanted.cv is None:
            raise InputError("--cv-only", "--cv FOLDS beside it", "no such option")
        for option in ("out", "plot", "report", "history", "checkpoint"):
            if getattr(wanted, option) is not None:
                raise InputError(f"--{option}", "no --cv-only beside it, which makes no model", "both")
    if wanted.resume and wanted.checkpoint is None:
        raise InputError("--resume", "--checkpoint FOLDER beside it", "no such option")
    if wanted.checkpoint_every < 1:
        raise InputError("--checkpoint-every", "at least 1", str(wanted.checkpoint_every))
    kinds: list[tuple[str, Path | None, tuple[str, ...], str]] = [
        ("--plot", wanted.plot_file, PICTURES, "a picture: "),
        ("--report", wanted.report, (".html", ".htm"), "a page: "),
        ("--history", wanted.history, (".csv", ".jsonl"), "a table: "),
    ]
    checkpoint = wanted.checkpoint_file
    files = {"--out": wanted.model_file, "--plot": wanted.plot_file, "--report": wanted.report} | {
        "--history": wanted.history
    }
    if wanted.checkpoint is not None and checkpoint is not None:
        if checkpoint.parent.is_dir() or checkpoint == wanted.checkpoint:
            files["--checkpoint"] = checkpoint
        elif checkpoint.parent.exists() or not checkpoint.parent.parent.is_dir():
            got = "a file" if checkpoint.parent.exists() else f"no folder {checkpoint.parent.parent}"
            raise InputError(f"--checkpoint {wanted.checkpoint}", "a folder, or a place for one", got)
    check_outputs(files, [wanted.data])
    if wanted.cluster is not None:
        from chainrule.cli.train.cluster import check_not_data, need_dask

        need_dask()
        check_not_data(files, wanted.data)
    for option, file, endings, what in kinds:
        if file is not None and file.suffix.lower() not in endings:
            raise InputError(f"{option} {file}", f"{what}{', '.join(endings)}", repr(file.suffix))
    if wanted.cv_only:
        return
    for option, file in files.items():
        if file is not None and not os.access(file.parent, os.W_OK):
            raise InputError(f"{option} {file}", "a folder that may be written to", "one that may not")


def _check_cluster(wanted: Wanted) -> None:
    """What goes with --cluster alone, and what does not go with it."""
    if wanted.cluster is None:
        for option, value in (("mode", wanted.mode), ("local-steps", wanted.local_steps)):
            if value is not None:
                raise InputError(f"--{option}", "--cluster beside it", "no such option")
        return
    refused: list[tuple[str, Any, str]] = [
        ("cv", wanted.cv, "it needs all rows at once"),
        ("report", wanted.report, "it needs all rows at once"),
        ("blocks", wanted.blocks or None, "its workers read in parts as it is"),
        ("threads", wanted.plan.threads, "each of its tasks has one"),
    ]
    for name, given, why in refused:
        if given is not None:
            raise InputError(f"--{name}", f"no --cluster beside it: {why}", "both")
