"""A bar for each pass over the partitions, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chainrule.distributed.work import Pass


@contextmanager
def progress(wanted: bool) -> Iterator[Callable[[Pass], None] | None]:
    """What shows how far a pass is; None where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not (wanted and console.is_terminal):
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1, speed="")

        def show(seen: Pass) -> None:
            speed = f"{seen.speed:,.0f} rows/s" if seen.speed else ""
            words = seen.what.replace("-", " ")
            bar.update(task, completed=seen.done, total=seen.count, description=words, speed=speed)

        yield show
