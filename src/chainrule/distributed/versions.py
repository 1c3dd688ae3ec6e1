"""Whether scheduler and workers have what the tasks need, asked before anything starts."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from chainrule.errors import InputError

if TYPE_CHECKING:
    import distributed

#: packages, and how many parts of their versions must be the same
NEEDED = {"chainrule": 3, "numpy": 2}


def check_versions(client: distributed.Client) -> None:
    """Refuse a cluster with another chainrule or NumPy than here, or with none.

    Raises:
        InputError: naming the scheduler or the worker, the version that it has and the one here.
    """
    found = client.get_versions(packages=list(NEEDED))
    places = [(f"the scheduler {client.scheduler.address}", found["scheduler"])]
    places += [(f"the worker {address}", told) for address, told in sorted(found["workers"].items())]
    for name, parts in NEEDED.items():
        own = _own(name)
        for place, told in places:
            if own is None or not isinstance(told, dict):
                continue
            there = told["packages"].get(name)
            if there is None or there.split(".")[:parts] != own.split(".")[:parts]:
                raise InputError(place, f"{name} {own}, as here: install it there", there or f"no {name}")


def _own(name: str) -> str | None:
    """The version here; None of a package that was not installed as one."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
