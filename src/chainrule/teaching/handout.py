"""The files of an exercise: a sheet and a key, or one of each for every student, under names that are safe."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from chainrule.errors import InputError
from chainrule.system.files import write_whole
from chainrule.teaching.answer_keys import is_key
from chainrule.teaching.exercise import Exercise

SHEETS, KEYS = "sheets", "keys"  # folders of a class's variants: what is handed out, and what is not
STEM = "exercise"
MOST_STUDENTS = 5_000
LONGEST_NAME = 200
_LONGEST_STEM = 150  # bytes
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def read_students(file: Path) -> tuple[str, ...]:
    """Names from a text file, one a line; empty lines are left out.

    Raises:
        InputError: no such file, not text, no names, a name that is there twice.
    """
    option = f"--students {file}"
    if not file.is_file():
        raise InputError(option, "a text file, one name a line", "a folder" if file.is_dir() else "no such file")
    if file.stat().st_size > MOST_STUDENTS * LONGEST_NAME:
        raise InputError(option, f"at most {MOST_STUDENTS * LONGEST_NAME} bytes", str(file.stat().st_size))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(option, "text in UTF-8", f"byte {error.start} is not") from None
    names = [" ".join(unicodedata.normalize("NFC", line).split()) for line in text.splitlines()]
    names = [name for name in names if name]
    if not 0 < len(names) <= MOST_STUDENTS:
        raise InputError(option, f"1 to {MOST_STUDENTS} names, one a line", str(len(names)))
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(option, "each name once", f"{name[:LONGEST_NAME]!r} twice")
        if len(name) > LONGEST_NAME:
            raise InputError(option, f"names of at most {LONGEST_NAME} letters", f"one of {len(name)}")
        seen.add(name)
    return tuple(names)


def numbered(count: int) -> tuple[str, ...]:
    """Names for so many variants without students: ``variant 01`` and on.

    Raises:
        InputError: fewer than one, or more than 5,000.
    """
    if not 1 <= count <= MOST_STUDENTS:
        raise InputError("--variants", f"a number from 1 to {MOST_STUDENTS}", str(count))
    width = len(str(count))
    return tuple(f"variant {n:0{width}d}" for n in range(1, count + 1))


def stems(names: Sequence[str]) -> tuple[str, ...]:
    """File names, without endings, for names of people: letters and digits of any script, ``-`` for all else.

    Each is another one, in capitals or not, and none is that of a key.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        plain = _stem(name)
        stem, number = plain, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{plain}-{number}"
        taken.add(stem.casefold())
        found.append(stem)
    return tuple(found)


def _stem(name: str) -> str:
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name))
    kept = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else "-" for c in text)
    words = "-".join(word for word in kept.split("-") if word)
    stem = words.encode()[:_LONGEST_STEM].decode(errors="ignore").strip("-") or "student"
    return f"{stem}_" if stem.casefold() in _RESERVED or is_key(f"{stem}.md") else stem


def paths_of_one(folder: Path) -> tuple[Path, Path]:
    """``exercise.md`` and ``exercise-key.md``."""
    return folder / f"{STEM}.md", folder / f"{STEM}-key.md"


def paths_of_all(names: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """``sheets/NAME.md`` and ``keys/NAME-key.md`` for each name."""
    pairs = ((folder / SHEETS / f"{stem}.md", folder / KEYS / f"{stem}-key.md") for stem in stems(names))
    return tuple(path for pair in pairs for path in pair)


def files_of_one(exercise: Exercise, folder: Path) -> dict[Path, str]:
    """The sheet and the key with their texts."""
    return dict(zip(paths_of_one(folder), (exercise.sheet, exercise.key), strict=True))


def files_of_all(names: Sequence[str], exercises: Sequence[Exercise], folder: Path) -> dict[Path, str]:
    """The sheets and the keys of a class with their texts."""
    texts = [text for e in exercises for text in (e.sheet, e.key)]
    return dict(zip(paths_of_all(names, folder), texts, strict=True))


def check_free(paths: Sequence[Path], force: bool) -> None:
    """Fail before anything is written.

    Raises:
        InputError: a file is there already and may not be replaced, or a file stands where a folder is due.
    """
    for path in paths:
        for part in path.parents:
            if part.exists() and not part.is_dir():
                raise InputError(f"--out {part}", "a folder", "a file")
        if path.is_dir():
            raise InputError(f"file {path}", "a file of its own", "a folder")
        if not force and (path.exists() or path.is_symlink()):
            raise InputError(f"file {path}", "no such file yet, or --force", "one that is there already")


def write_files(files: dict[Path, str]) -> None:
    """Write each file whole; folders are made."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text, lasting=False)
