"""The bars that say how far something is, on standard error; rich draws them and is loaded by the first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.system.streams import drawn

if TYPE_CHECKING:
    from rich.progress import Progress


def bars(*columns: str, transient: bool = False, disable: bool = False) -> Progress:
    """A place for bars with these columns.

    Args:
        columns: ``bar``, ``count`` (3/8), ``percent``, ``left`` (the time), or a text, in which ``{task.description}``
            and the like are filled in.
        transient: whether the bars go once they are stopped.
        disable: whether nothing is drawn.
    """
    from rich import progress as p
    from rich.console import Console

    known = {
        "bar": p.BarColumn, "count": p.MofNCompleteColumn, "percent": p.TaskProgressColumn,
        "left": p.TimeRemainingColumn,
    }  # fmt: skip
    shown = (known[column]() if column in known else p.TextColumn(column) for column in columns)
    return p.Progress(
        *shown, console=Console(file=drawn(sys.stderr)), transient=transient, disable=disable,
        redirect_stdout=sys.stdout.isatty(),  # what is printed stands above the bars, and is no part of standard error
    )  # fmt: skip


@contextmanager
def counted(label: str, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Yield one bar, called with (done, of how many), if standard error is a terminal; else None, loading nothing."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with bars(label, "bar", "count", "left", transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
