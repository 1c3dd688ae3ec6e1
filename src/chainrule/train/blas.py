"""One BLAS thread while the kernels run: their own threads share the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_held: dict[str, Any] = {"count": 0, "limit": None}


@cache
def _controller() -> Any:
    import scipy.linalg.cython_blas  # noqa: F401  loads the library whose threads are limited
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread; of several users at once the last one lifts the limit."""
    with _lock:
        if _held["count"] == 0:
            _held["limit"] = _controller().limit(limits=1, user_api="blas")
        _held["count"] += 1
    try:
        yield
    finally:
        with _lock:
            _held["count"] -= 1
            if _held["count"] == 0:
                _held["limit"].restore_original_limits()
                _held["limit"] = None
