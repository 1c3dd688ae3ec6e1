"""A stranger's file or function: loaded, the callable in it found, its exceptions in one sentence."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import InputError

_BACKWARD = re.compile(r"back|grad|loss|adapter|prime", re.I)
_FORWARD = re.compile(r"forward|feed|propagat", re.I)
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
WORDS = 200  # characters of what an exception says


@dataclass(frozen=True)
class CodeSource:
    """The names among which a callable stands.

    Attributes:
        file: of the code, "" where it has none. space: the names. name: of the callable; "" where none was asked for.
    """

    file: str
    space: dict[str, Any]
    name: str

    @property
    def title(self) -> str:
        """As it is told: ``mynet.py:backward``."""
        return ":".join(part for part in (shown(self.file), self.name) if part)

    def functions(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
        """Its own functions and methods of that kind of name, ``Net.backward`` for a method."""
        for name, value in self.space.items():
            if getattr(value, "__module__", "") != self.space.get("__name__", ""):
                continue
            if inspect.isclass(value):
                yield from _methods(name, value, pattern)
            elif callable(value) and pattern.search(name):
                yield name, value

    def backward(self) -> list[tuple[str, Any]]:
        """The callables that may be meant: the one of the name, all of a class, else all whose name speaks for it.

        Raises:
            InputError: none.
        """
        if not self.name:
            found = list(self.functions(_BACKWARD))
            return _not_empty(found, self.title, "a function backward, or FILE.py:NAME", self.space)
        value: Any = None
        for at, part in enumerate(self.name.split(".")):
            value = inspect.getattr_static(value, part, None) if at else self.space.get(part)
        if inspect.isclass(value):
            found = list(_methods(self.name, value, _BACKWARD))
            return _not_empty(found, self.title, "a method backward, backprop or loss", vars(value))
        known = callable(value) or isinstance(value, staticmethod)
        found = [(self.name, value)] if known else []
        return _not_empty(found, shown(self.file), f"a function or class named {self.name}", self.space)

    def forward(self, name: str) -> Iterator[tuple[str, Any]]:
        """The functions of a forward pass beside a backward pass, the one of the matching name first."""
        owner, _, own = name.rpartition(".")
        twin = re.sub("back(ward)?", "forward", own.lower())
        found = [one for one in self.functions(_FORWARD) if one[0].rpartition(".")[0] == owner and one[0] != name]
        found = [one for one in found if not re.search("back", one[0].rpartition(".")[2], re.I)]
        rank = {twin: 0, twin.replace("forward", "feedforward"): 1, "forward": 2, "feedforward": 3}
        yield from sorted(found, key=lambda one: rank.get(one[0].rpartition(".")[2].lower(), 4))


def _methods(name: str, owner: type, pattern: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """The methods of a class of that kind of name, those of its bases too."""
    for own in filter(pattern.search, dir(owner)):
        method = inspect.getattr_static(owner, own)
        if inspect.isfunction(method) or isinstance(method, staticmethod):
            yield f"{name}.{own}", method


def _not_empty(found: list[tuple[str, Any]], where: str, expected: str, names: Any) -> list[tuple[str, Any]]:
    if not found:
        own = [name for name, value in names.items() if callable(value) and not name.startswith("_")]
        raise InputError(where, expected, f"none; it has {', '.join(own[:12]) or 'no functions'}")
    return found


def split_name(code: str) -> tuple[str, str]:
    """``FILE.py:NAME`` as a file and a name; without one, "".

    Raises:
        InputError: no such file.
    """
    file, name = (code, "") if code.endswith(".py") else (code.rpartition(":")[0], code.rpartition(":")[2])
    if not file.endswith(".py") or not all(part.isidentifier() for part in name.split(".") if name):
        raise InputError("code", "a Python file and a name in it, such as mynet.py:backward", repr(code))
    if not Path(file).is_file():
        raise InputError(f"code {file}", "a file", "a folder" if Path(file).is_dir() else "no such file")
    return file, name


def load(code: Any, whole: bool) -> CodeSource:
    """The names of a file, or a function that was sent.

    Args:
        code: ``FILE.py:NAME``; a function or class; or one pickled, with those beside it.
        whole: run all statements of the file; else only its imports, definitions and constants, so that nothing is
            trained or read.

    Raises:
        InputError: no Python file, or one that fails.
    """
    if isinstance(code, bytes):
        return of_callable(*pickle.loads(code))
    if callable(code):
        return of_callable(code, beside(code))
    file, name = split_name(code)
    try:
        tree = ast.parse(Path(file).read_bytes(), file)
    except (SyntaxError, ValueError) as error:
        at = f"line {error.lineno}: " if isinstance(error, SyntaxError) else ""
        raise InputError(Path(file).name, "a Python file", f"{at}{getattr(error, 'msg', error)}") from None
    module = types.ModuleType(Path(file).stem)
    module.__file__ = file
    sys.modules.setdefault(module.__name__, module)
    if (folder := str(Path(file).resolve().parent)) not in sys.path:
        sys.path.insert(0, folder)
    if whole:
        try:
            exec(compile(tree, file, "exec"), vars(module))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise InputError(Path(file).name, "a file that runs", exception_words(error, file)) from None
    else:
        for statement in filter(_defines, tree.body):
            try:
                exec(compile(ast.Module([statement], []), file, "exec"), vars(module))
            except Exception:  # what it was needed for will say so
                continue
    return CodeSource(file, vars(module), name)


def _defines(statement: ast.stmt) -> bool:
    """Whether it is an import, a definition, or a constant."""
    if isinstance(statement, _DEFINITIONS):
        return True
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return value is not None and (
        isinstance(value, ast.Lambda) or not any(isinstance(node, ast.Call) for node in ast.walk(value))
    )


def beside(function: Callable[..., Any]) -> dict[str, Any]:
    """What a function needs of where it was defined: the functions of a forward pass, and the class it is of."""
    inner = inspect.unwrap(getattr(function, "__func__", function))
    own = getattr(inner, "__module__", None)
    names = getattr(inner, "__globals__", {})
    owner = getattr(inner, "__qualname__", "").partition(".")[0]
    return {name: value for name, value in names.items()
            if (_FORWARD.search(name) and inspect.isfunction(value) and value.__module__ == own)
            or (name == owner and inspect.isclass(value))}  # fmt: skip


def of_callable(function: Callable[..., Any], others: dict[str, Any] | None = None) -> CodeSource:
    """A function, a method or a class, among the names that it knows."""
    plain = getattr(function, "__func__", function)
    inner = inspect.unwrap(plain)
    name = getattr(plain, "__qualname__", "function").rpartition("<locals>.")[2]
    space: dict[str, Any] = dict(getattr(inner, "__globals__", {}))
    space = (others or {}) | space
    if inspect.isclass(plain):
        space = dict(vars(sys.modules.get(plain.__module__, plain)))
    owner = name.partition(".")[0]
    if "." in name and owner not in space and hasattr(function, "__self__"):
        space[owner] = type(function.__self__)
    if inspect.isclass(plain):
        inner = next((value for value in vars(plain).values() if inspect.isfunction(value)), plain)
    code = getattr(inner, "__code__", None)
    name = "function" if not name.replace(".", "_").isidentifier() else name
    if "." not in name or owner not in space:
        name = name.rpartition(".")[2]
        space[name] = plain
    return CodeSource(code.co_filename if code is not None else "", space, name)


def shown(file: str) -> str:
    """The name of a file as it is told; "" for what is none, as of code that was typed."""
    return "" if file.startswith("<") else Path(file).name


def exception_words(error: BaseException, file: str) -> str:
    """One sentence: the file and the line of the stranger's code, and what was raised."""
    lines = [line for name, line in _frames(error) if name == file]
    of_file = f" of {shown(file)}" if shown(file) else ""
    where = f"line {lines[-1]}{of_file}: " if lines else ""
    said = " ".join(str(error).split())
    said = f": {said[:WORDS]}{'…' if len(said) > WORDS else ''}" if said else ""
    return f"{where}{type(error).__name__}{said}"


def progress(error: BaseException, file: str) -> int:
    """How far a call came: the line of the stranger's outermost function."""
    return next((line for name, line in _frames(error) if name == file), 0)


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
