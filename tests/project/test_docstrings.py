"""Every public name shows how it is used, and what it shows is what happens."""

import doctest
import inspect

import numpy as np
import pytest

import chainrule

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples(thing: object, name: str) -> list[doctest.DocTest]:
    """The examples of a class or function, and of the public methods and properties of a class."""
    found = doctest.DocTestFinder(exclude_empty=True).find(thing, name, module=False, globs={})
    if inspect.isclass(thing):  # what it inherits from a class of this package, too
        for base in thing.__mro__[1:]:
            if base.__module__.startswith("chainrule"):
                found += doctest.DocTestFinder().find(base, f"{name} ({base.__name__})", module=False, globs={})
    return [test for test in found if test.examples]


def failures(tests: list[doctest.DocTest]) -> list[str]:
    """What an example says, and what happens instead. Each starts with ``cr`` and ``np`` imported and nothing else."""
    told: list[str] = []
    for test in tests:
        test.globs = {"cr": chainrule, "np": np}
        doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(test, out=told.append, clear_globs=True)
    return told


@pytest.mark.parametrize("name", chainrule.__all__)
def test_every_public_name_has_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(chainrule, name)) or "")


@pytest.mark.parametrize("name", chainrule.__all__)
def test_what_the_examples_show_is_what_happens(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    assert failures(examples(getattr(chainrule, name), name)) == []


class Planted:
    """A class whose docstring is right.

    >>> 1 + 1
    2
    """

    def method(self):
        """A method whose docstring is wrong.

        >>> cr.Network.random([2, 1], seed=0).depth
        2
        """


def test_a_wrong_example_is_found():
    found = examples(Planted, "Planted")
    assert [test.name for test in found] == ["Planted", "Planted.method"]
    (told,) = failures(found)
    assert "Expected:\n    2\nGot:\n    1" in told


def test_an_example_that_raises_is_found():
    def planted():
        """It raises.

        >>> cr.nothing
        'nothing'
        """

    (told,) = failures(examples(planted, "planted"))
    assert "AttributeError" in told
