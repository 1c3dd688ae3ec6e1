"""``chainrule train --cluster``: a table in files that a Dask cluster reads and trains on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.distributed.table_training import ClusterTable


@contextmanager
def cluster_table(options: TrainOptions) -> Iterator[ClusterTable]:
    """The table, ready to train on, while the cluster is there.

    Raises:
        InputError: data or options that do not fit; no cluster; no Dask.
    """
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_training import ClusterMode, check_plan, prepare_cluster
    from chainrule.distributed.work import Work

    assert options.cluster is not None
    usual = ClusterMode()
    steps = usual.local_steps if options.local_steps is None else options.local_steps
    how = ClusterMode(options.mode or usual.mode, steps)  # type: ignore[arg-type]
    files = open_files(options.data)
    if options.target is None:
        raise InputError("--target", f"a column of {options.data}: {', '.join(files.layout.names[:12])}", "none")
    check_plan(files.layout.names, options.target, options.plan, how)
    with cluster(options.cluster) as client:
        with progress(not options.json) as shown:
            work = Work(client, on_part=shown)
            table = prepare_cluster(work, files, options.target, options.plan, how)
        work.on_part = None
        yield table
