"""Lines of worksheets for tests: read, and what was read."""

from chainrule.formula.tree import Number, Ref
from chainrule.network.names import read
from chainrule.sheets.lines import read_lines

SIZES = (4, 4, 2)


def lines(*written, sizes=SIZES, first=1):
    return read_lines([line for text in written for line in text.split("\n")], first, sizes)


def line(written, *before, sizes=SIZES):
    """The one line read, after others."""
    found = lines(*before, written, sizes=sizes)
    return found[-1]


def tree(formula, *before, sizes=SIZES):
    """The tree of a formula, which can be read."""
    found = line(f"L = {formula}", *before, sizes=sizes)
    assert found.error == ""
    assert len(found.parts) == 2
    return found.parts[1].tree


def error(formula, *before):
    return line(f"L = {formula}", *before).error


def q(name):
    return Ref(read(name)[0])


def number(written):
    return Number(float(written), written)
