"""The trial that changes the source at random, on a package of two functions; its list, on the package itself."""

import json
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.support.sample import one_in
from trials.mutants.__main__ import BAR, LIST, Equal, earlier, equal, judged, listed, project, verdict
from trials.mutants.draw import mutants_of, sample
from trials.mutants.runs import KILLED, Project, Refused, Result

SOURCE = '''"""Two functions."""

BASE = 10
NAMES = {
    "one": lambda: 1,
    "ten": BASE,
}


def largest(values):
    """The largest."""
    best = values[0]
    for value in values:
        if value > best:
            best = value
    return best


def named(name):
    """A number by its name."""
    found = NAMES[name]
    return found() if callable(found) else found


def digits(number):
    """How many digits a number has."""
    found = 1
    while number >= BASE:
        number //= BASE
        found += 1
    return found


def forgotten(text):
    """No test calls it."""
    if text == "now":
        raise ValueError(f"expected then, got {text == 'now'}")
    list(zip(text, text, strict=True))
    return sorted(text, reverse=True)
'''
NO_PLUGINS = "-p no:xdist -p no:hypothesispytest -p no:zarr -p no:anyio"  # to import them takes most of the time
TESTS = """import pytest
from tiny.numbers import digits, largest, named


def test_largest():
    assert largest([1, 3, 2]) == 3


def test_named():
    assert named("ten") == 10


def test_called():
    assert named("one") == 1


@pytest.mark.parametrize(("number", "expected"), [(9, 1), (10, 2), (345, 3)])
def test_digits(number, expected):
    assert digits(number) == expected
"""


@pytest.fixture
def tiny(tmp_path):
    files = {
        "src/tiny/__init__.py": "",
        "src/tiny/numbers.py": SOURCE,
        "tests/test_numbers.py": TESTS,
        "pyproject.toml": f'[tool.pytest.ini_options]\naddopts = "{NO_PLUGINS}"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project(tmp_path, "tiny", {"numbers.py": ("tests",)}, options=(), libraries=(), cpu=1.0)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def changes(project):
    return {f"{m.before} -> {m.after}": m for m in mutants_of(project.source, "numbers.py")}


def test_a_mutant_is_named_by_its_place_and_its_lines(tiny):
    names = set(changes(tiny))
    assert "numbers.py:14:if value > best:->if value >= best:" in {m.name for m in changes(tiny).values()}
    assert "if value > best: -> if value >= best:" in names
    assert "BASE = 10 -> BASE = 11" in names
    assert 'if text == "now": -> if text == "XXnowXX":' in names
    assert "return sorted(text, reverse=True) -> return sorted(text, )" in names
    assert not [name for name in names if "expected then" in name or '"""' in name or "strict" in name]


def test_what_becomes_of_a_mutant(tiny, place):
    """A boundary, a constant, a loop without end are killed; what changes nothing, or is never run, is not."""
    expected = {
        "if value > best: -> if value >= best:": "survived",  # of equal values either is the largest
        "if value > best: -> if (value > best) and False:": "killed",
        "BASE = 10 -> BASE = 11": "killed",
        '"one": lambda: 1, -> "one": lambda: 2,': "killed",  # by the test that calls it
        '"ten": BASE, -> "XXtenXX": BASE,': "killed",  # when the module is imported: by any test of the module
        "while number >= BASE: -> while number > BASE:": "killed",
        "number //= BASE -> number = BASE": "timeout",
        'if text == "now": -> if text != "now":': "unreached",
    }
    found = changes(tiny)
    results = list(judged(tiny, [found[name] for name in expected], jobs=1))
    assert {f"{r.mutant.before} -> {r.mutant.after}": r.what for r in results} == expected
    by = {r.mutant.before: r.by for r in results if r.by}
    assert by["while number >= BASE:"] == "tests/test_numbers.py::test_digits[10-2]"
    assert (tiny.source / "numbers.py").read_text() == SOURCE
    assert not list(place.iterdir())


def test_of_many_tests_the_fastest_are_run(tiny, place):
    found = changes(tiny)["BASE = 10 -> BASE = 11"]
    (result,) = judged(tiny, [found], jobs=1, most=0.0)
    assert result.tests == 1


def test_tests_that_fail_without_a_mutant_judge_nothing(tiny, place):
    test = tiny.root / "tests/test_numbers.py"
    test.write_text(TESTS.replace("== 3\n", "== 2\n"))
    with pytest.raises(Refused, match="test_largest"):
        list(judged(tiny, list(changes(tiny).values()), jobs=1))
    assert not list(place.iterdir())


def test_an_interrupt_leaves_nothing_behind(tiny, place):
    running = judged(tiny, list(changes(tiny).values()), jobs=1)
    next(running)
    pids = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _folder(p).startswith(str(place))]
    assert pids
    running.close()
    assert not list(place.iterdir())
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}/cwd")]


def _folder(process):
    try:
        return os.readlink(process / "cwd")
    except OSError:
        return ""


def test_a_sample_stays_where_something_else_changes(tiny):
    before = {m.key for m in sample(changes(tiny).values(), 0, 8)}
    path = tiny.source / "numbers.py"
    path.write_text(SOURCE.replace("BASE = 10\n", "BASE = 10\nMORE = 1\n\n"))
    after = {m.key for m in sample(changes(tiny).values(), 0, 8)}
    assert len(before & after) >= 7
    assert before != {m.key for m in sample(changes(tiny).values(), 1, 8)}


@pytest.mark.parametrize(
    ("argued", "code"),
    [
        ([], 1),  # two survivors that nobody has judged
        (["if value > best: -> if value >= best:", "return sorted(text, reverse=True) -> return sorted(text, )"], 0),
        (["BASE = 10 -> BASE = 11"], 1),  # one that a test kills
    ],
)
def test_the_verdict(tiny, capsys, argued, code):
    found = changes(tiny)
    became = {
        "if value > best: -> if value >= best:": "survived",
        "return sorted(text, reverse=True) -> return sorted(text, )": "unreached",
        "BASE = 10 -> BASE = 11": "killed",
    }
    results = [Result(found[name], what, "", 1, 0.1) for name, what in became.items()]
    assert (
        verdict(results, [Equal("numbers.py", found[name].function, *name.split(" -> "), "") for name in argued])
        == code
    )
    assert "3 mutants: 1 killed" in capsys.readouterr().out


def test_a_run_goes_on_from_its_file(tiny, tmp_path):
    found = list(changes(tiny).values())
    became = [Result(m, what, "by", 2, 0.5) for m, what in zip(found, ["killed", "survived", "timeout"], strict=False)]
    file = tmp_path / "found.json"
    file.write_text(listed(became))
    assert earlier(file, found) == [became[0], became[2]]  # survivors are tried again
    argued = Equal("numbers.py", found[1].function, found[1].before, found[1].after, "")
    assert earlier(file, found, [argued]) == became  # but for those that no test can kill


@pytest.mark.parametrize(
    ("function", "before", "after", "found"),
    [
        ("largest", "if value > best:", "if value >= best:", True),
        ("largest", "value > best", "value >= best", True),  # a part of the line, which may become longer
        ("largest", ">", ">=", True),
        ("largest", "value", "values", False),
        ("digits", "if value > best:", "if value >= best:", False),
        ("largest", "if value > best:", "if value < best:", False),
    ],
)
def test_an_entry_of_the_list_names_one_change(tiny, function, before, after, found):
    mutant = changes(tiny)["if value > best: -> if value >= best:"]
    assert Equal("numbers.py", function, before, after, "").names(mutant) == found


@cache
def mutants_today(module):
    source = project().source
    return list(mutants_of(source, module)) if (source / module).exists() else []


def test_every_entry_of_the_list_is_a_mutant_of_today():
    modules = one_in(4, sorted({e.module for e in equal()}))
    assert not [e for e in equal() if e.module in modules and not any(map(e.names, mutants_today(e.module)))]
    assert all(len(entry.reason) > 20 for entry in equal())


def test_of_the_last_run_enough_are_killed_and_every_survivor_is_argued_equal():
    """Survivors that the source of today does not have are let be."""
    found = json.loads(LIST.read_text(encoding="utf-8"))
    assert len(found) >= 300
    left = {(r["module"], r["function"], r["before"], r["after"]) for r in found if r["what"] not in KILLED}
    mutants = [m for module in sorted({key[0] for key in left}) for m in mutants_today(module) if m.key in left]
    assert not [m.name for m in mutants if not any(e.names(m) for e in equal())]
    assert len(found) - len(left) >= BAR * (len(found) - sum(any(e.names(m) for e in equal()) for m in mutants))


def test_every_package_has_tests_to_run():
    here = project()
    assert not [name for name, places in here.tests.items() if not places and name != "cli"]
