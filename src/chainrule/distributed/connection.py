"""A cluster for one command: one of processes here, or one that is there already; closed whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress

import dask
import distributed

from chainrule.distributed.versions import check_versions
from chainrule.distributed.work import ClusterError, local_client
from chainrule.errors import InputError

CONNECTING = 10.0  # seconds to wait for a scheduler
#: workers here do not log what fails to the terminal: the command says it, in one line
_SILENT = {"distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical"}


@contextmanager
def cluster(where: str) -> Iterator[distributed.Client]:
    """A client of ``local``, processes on the cores here, or of the scheduler at an address, while it is used.

    Raises:
        InputError: no scheduler there.
        ClusterError: it is gone; the workers lack what the tasks need.
    """
    with _quiet():
        client = _local() if where == "local" else _connected(where)
        try:
            check_versions(client)
            yield client
        except CancelledError:
            raise ClusterError(f"the scheduler of --cluster {where} is gone") from None
        except ModuleNotFoundError as error:
            raise ClusterError(f"the workers of --cluster {where} need the packages of this command: {error}") from None
        finally:
            with suppress(Exception):
                client.close()
                if where == "local":
                    client.cluster.close()


def _local() -> distributed.Client:
    with dask.config.set(_SILENT):
        return local_client()


def _connected(address: str) -> distributed.Client:
    try:
        return distributed.Client(address, timeout=CONNECTING)
    except (OSError, ValueError, TypeError) as error:
        reason = f"{error}".splitlines()[0] if f"{error}" else type(error).__name__
        raise InputError("cluster", "local, or the address of a scheduler, as tcp://host:8786", reason) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the log of connections that come and go: what is wrong is said once, by the command."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [each.level for each in logs]
    for each in logs:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in zip(logs, before, strict=True):
            each.setLevel(level)
