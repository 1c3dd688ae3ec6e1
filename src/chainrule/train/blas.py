"""One BLAS thread while the native library runs: their own threads share the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_before: list[int] = []  # threads of each library before the first user; empty: nobody uses the library
_users = 0


@cache
def _libraries() -> list[Any]:
    import scipy.linalg.cython_blas  # noqa: F401  loads the library whose threads are limited
    from threadpoolctl import ThreadpoolController

    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


def _set(library: Any, threads: int) -> None:
    """Set the number of threads of the whole process.

    threadpoolctl lets only the first thread that asked do so, as long as that lives; here all users of the library ask
    for the same, and the last one restores.
    """
    getattr(library, "_real_set_num_threads", library.set_num_threads)(threads)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; of several users at once the last one lifts the limit."""
    global _users
    counted = False
    try:
        with _lock:
            if _users == 0:
                _before[:] = [library.num_threads for library in _libraries()]
                for library in _libraries():
                    _set(library, 1)
            _users, counted = _users + 1, True
        yield
    finally:
        with _lock:
            _users -= counted
            if counted and _users == 0:
                for library, threads in zip(_libraries(), _before, strict=True):
                    _set(library, threads)
