"""``chainrule train --blocks``: a table that is read in blocks while it is trained from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.tables.blocks import Blocks
    from chainrule.tables.chunks import Chunks
    from chainrule.tables.plan import Plan


def read_blocks(data: str, target: str | None, plan: Plan, quiet: bool) -> Blocks:
    """A Parquet file, or a .npy file with the targets in another, ready to train on.

    Raises:
        InputError: files or options that do not fit.
    """
    from chainrule.system.progress import bars
    from chainrule.tables.blocks import prepare_blocks

    if target is None:
        what = "the .npy file of the targets" if data.endswith(".npy") else "a column"
        raise InputError("--target", what, "none")
    chunks, name = _chunks(data, target)
    with bars("reading", "bar", "percent", "left", transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=len(chunks.rows))
        return prepare_blocks(chunks, name, plan, lambda _: bar.advance(task))


def _chunks(data: str, target: str) -> tuple[Chunks, str]:
    from chainrule.tables.chunks import NpyChunks, ParquetChunks

    ending = Path(data).suffix.lower()
    if ending == ".parquet":
        return ParquetChunks(data, target), target
    if ending == ".npy":
        if Path(target).suffix.lower() != ".npy":
            raise InputError("--target", "the .npy file of the targets", repr(target))
        return NpyChunks(data, target, name := Path(target).stem), name
    raise InputError("data", "a .npy or a Parquet file (for --blocks)", repr(data))
