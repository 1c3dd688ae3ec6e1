"""``audit_code``: a stranger's backward pass, called on small random networks in a process of its own, and audited."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from chainrule.auditing.code_audit.question import SECONDS, CodeQuestion
from chainrule.auditing.code_audit.verdict import judged
from chainrule.auditing.report.tried import CodeAudit
from chainrule.errors import InputError
from chainrule.gradcheck.code.calls import CodeRuns, CodeTask, run_code
from chainrule.gradcheck.code.source import beside, split_name
from chainrule.system.alone import run_alone
from chainrule.system.workers import Lost


def audit_code(
    code: str | os.PathLike[str] | Callable[..., Any],
    layers: Sequence[int] = (4, 5, 3),
    *,
    hidden: str | Sequence[str] | None = None,
    output: str | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    seed: int = 0,
    seconds: float = SECONDS,
    tolerance: float | None = None,
) -> CodeAudit:
    """Call a backward pass on small random networks, and say which array of it is wrong first, and why.

    The code runs in a process of its own, which ends with its time; it is no sandbox. How it is called, its parameters
    say (docs/code.md); each usual layout is tried.

    Args:
        code: ``FILE.py:NAME``, a function, a method or a class: of a class a method ``backward``, ``backprop`` or
            ``loss``. It returns gradients as ``audit_gradients`` takes them, keeps them as attributes, or steps its
            weights.
        layers: units of each layer, the inputs first; besides, other sizes are tried.
        hidden, output, loss, reduction: as of ``Network``; where None, those that the code has are found among the
            usual ones.
        seed: of the networks and examples.
        seconds: that the code may take.
        tolerance: as of ``audit_gradients``.

    Raises:
        InputError: no such code; parameters that are not understood; code that fails, takes too long, or returns no
            gradients: one sentence with its line.

    >>> def backward(X, y, W1, b1, W2, b2):
    ...     h = np.tanh(X @ W1 + b1)
    ...     d2 = (h @ W2 + b2 - y) / len(X)
    ...     d1 = d2 @ W2.T
    ...     return {"dW1": X.T @ d1, "db1": d1.sum(0), "dW2": h.T @ d2, "db2": d2.sum(0)}
    >>> audit = cr.audit_code(backward, [4, 5, 3], hidden="tanh", output="identity")
    >>> audit.first_wrong.name, audit.first_wrong.mistakes
    ('dL/dW_1', ('hidden_derivative_missing',))
    """
    question = CodeQuestion(layers, hidden, output, loss, reduction, seed, seconds, tolerance)
    if isinstance(code, (str, os.PathLike)):
        return audit_file(os.fspath(code), question)
    if not callable(code):
        raise InputError("code", "FILE.py:NAME, a function or a class", type(code).__name__)
    networks, cases = question.drawn()
    task = CodeTask(None, cases, seconds / 2)
    from joblib import wrap_non_picklable_objects  # it is there with scikit-learn

    try:
        both = wrap_non_picklable_objects((code, beside(code)), keep_wrapper=False)
        task = task._replace(code=pickle.dumps(both))
    except Exception:  # whatever cannot be pickled
        with contextlib.redirect_stdout(io.StringIO()):
            runs = _checked(run_code(task._replace(code=code)), "")
        note = "It ran in this process, without limits: it cannot be sent to another"
        found = judged(runs, cases, networks, question)
        return replace(found, notes=(*found.notes, note))
    answer = run_alone(run_code, task, seconds=seconds)
    return judged(_checked(answer, getattr(code, "__qualname__", "the function")), cases, networks, question)


def audit_file(code: str, question: CodeQuestion, stop: Event | None = None) -> CodeAudit:
    """``audit_code`` of ``FILE.py:NAME``, which ends once ``stop`` is set. Raises as it does."""
    networks, cases = question.drawn()
    file, name = split_name(code)
    task = CodeTask(code, cases, question.seconds / 2)
    answer = run_alone(run_code, task, seconds=question.seconds, file=file, stop=stop)
    runs = _checked(answer, f"{os.path.basename(file)}{name and ':'}{name}")
    return judged(runs, cases, networks, question)


def _checked(answer: Any, title: str) -> CodeRuns:
    if isinstance(answer, CodeRuns):
        return answer
    if isinstance(answer, InputError):
        raise answer
    reason = answer.reason if isinstance(answer, Lost) else "something else came back"
    raise InputError(title, "code that runs and ends", reason)
