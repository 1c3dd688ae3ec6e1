"""Small sheets as people wrote them, one difficulty each, by kind: which lines are not right, and what is said of them.

Every line of a sheet that is not named here is right, rounded or cut.
"""

import pytest

import chainrule as cr
from chainrule.auditing.records import ACCEPTED
from tests.support.loading import ROOT

FOLDER = ROOT / "tests" / "data" / "sheets_as_written"
#: kind -> sheet -> line -> its verdict and a part of what is said
KINDS = {
    "an author's own quantities": {"ownderiv": {}, "ownE": {}},
    "new values without a prime, and a second pass": {
        "inplace": {}, "nonsense2": {}, "newsub": {},
        "secondpass": {  # 0.5443 is held against the new weights, which give 0.5380
            19: ("wrong", "0.5380"), 20: ("wrong", "0.5380"), 21: ("follows", "line 19"),
        },
    },
    "units and weights numbered through": {"unitnumbers": {}},
    "products and arrays": {
        "dot": {}, "otimes": {}, "columnlist": {},
        "npyarr": {
            18: ("wrong", "0.1590"), 21: ("wrong", "-0.3"), 22: ("undecided", "W1 could be W_1"),
        },
    },
    "tables and lines": {"table": {}, "linebreak": {}},
    "conventions": {"two_scales": {}, "rowvec": {}, "sharedbias": {}},
    "names": {
        "ownmiss": {16: ("wrong", "0.7 stands where b_11 = 0.1"), 17: ("follows", "line 16")},
        "notations": {  # each line as somebody else wrote it: o_1 is both a hidden unit and the output
            39: ("wrong", "0.453"), 47: ("undecided", "a name of your own"),
        },
        "photolatex": {},
    },
    "numbers put in": {
        "operand": {
            16: ("wrong", "0.2 stands where b_11 = 0.1"), 17: ("follows", "line 16"),
            19: ("wrong", "0.3 stands where b_21 = 0.2"), 20: ("follows", "line 19"),
            21: ("wrong", "0 stands where y_1 = 1"),
            22: ("wrong", "0.5279 stands where your yhat_1 = 0.5297 (digits swapped)"),
        },
        "consistentwrong": {
            17: ("wrong", "0.6 stands where W_212 = -0.6"), 18: ("wrong", "-0.06 stands where W_212 = -0.6"),
            19: ("wrong", "-0.5 stands where W_212 = -0.6"), 20: ("wrong", "the decimal point has slipped"),
        },
    },
    "mistakes on the way back": {
        "bcetwice": {
            15: ("wrong", "0.5607"), 16: ("wrong", "has the derivative of the sigmoid in it already"),
            17: ("follows", "line 15"), 18: ("follows", "line 15"),
        },
        "bcetwice_delta": {15: ("wrong", "0.5607"), 16: ("wrong", "has the derivative of the sigmoid in it already")},
        "noW": {21: ("wrong", "the weights W_2 are left out on the way back"), 22: ("follows", "line 21")},
        "noW_formula": {
            17: ("wrong", "the weights W_2 are left out on the way back"),
            18: ("wrong", "the same mistake as in line 17"), 19: ("wrong", "the same mistake as in line 17"),
        },
    },
    "headers": {  # what is held against is the network that the header gives
        "hdr_dash": {9: ("wrong", "0.310")}, "hdr_flatW": {}, "hdr_layerw1": {}, "hdr_leaky": {15: ("wrong", "0.397")},
        "hdr_loss": {10: ("wrong", "0.310")}, "hdr_lower": {}, "hdr_nonet": {9: ("wrong", "0.310")},
        "hdr_sharedb": {16: ("wrong", "0.601")}, "hdr_transposed": {14: ("wrong", "0.482")},
        "hdr_w1w6": {13: ("wrong", "0.711")},
    },
}  # fmt: skip
SHEETS = {(kind, name): lines for kind, sheets in KINDS.items() for name, lines in sheets.items()}


@pytest.mark.parametrize(("kind", "name"), SHEETS, ids=[f"{kind}: {name}" for kind, name in SHEETS])
def test_a_sheet_as_it_was_written(kind, name):
    audit = cr.audit(FOLDER / f"{name}.md")
    found = {a.number: a for a in audit.lines if a.verdict not in ACCEPTED}
    assert {number: a.verdict for number, a in found.items()} == {n: v for n, (v, _) in SHEETS[kind, name].items()}
    for number, (_, says) in SHEETS[kind, name].items():
        assert says in found[number].message


def test_a_sheet_without_a_network_says_what_is_missing():
    with pytest.raises(cr.InputError, match="expected a network, in a header or in lines that give it; got no input x"):
        cr.audit(FOLDER / "hdr_none.md")


def test_every_sheet_of_the_folder_is_held():
    assert {name for _, name in SHEETS} | {"hdr_none"} == {path.stem for path in FOLDER.glob("*.md")}
