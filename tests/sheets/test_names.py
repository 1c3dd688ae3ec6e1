"""Names in the plain text of a worksheet: which characters belong to one, and what its indices are."""

import pytest

from chainrule.sheets.names.plain import Index, Own, Written, after_primes, operand, own_name


def i(*written):
    """Indices: numbers, letters, or letters with a number to add."""
    return tuple(w if isinstance(w, Index) else Index("", w) if isinstance(w, int) else Index(w, 0) for w in written)


@pytest.mark.parametrize(
    ("text", "depth", "name", "left"),
    [
        ("h_12 + 1", 2, Written("h", i(1, 2)), " + 1"),
        ("W_212*x", 2, Written("W", i(2, 1, 2)), "*x"),
        ("w_212", 2, Written("w", i(2, 1, 2)), ""),
        ("x_12", 2, Written("x", i(12)), ""),
        ("yhat_10", 2, Written("yhat", i(10)), ""),
        ("ω_212", 2, Written("w", i(2, 1, 2)), ""),
        ("delta_2", 2, Written("δ", i(2)), ""),
        ("L_2", 2, Own("L_2", "L", "2"), ""),
        ("W_{2,1,2}", 2, Written("W", i(2, 1, 2)), ""),
        ("W_{2, 1, 2}", 2, Written("W", i(2, 1, 2)), ""),
        ("a_{10,}", 12, Written("a", i(10)), ""),
        ("W_2k3", 2, Written("W", i(2, "k", 3)), ""),
        ("h_k", 2, Written("h", i("k")), ""),
        ("h_{k+1}", 2, Written("h", i(Index("k", 1))), ""),
        ("h_{k - 2}", 2, Written("h", i(Index("k", -2))), ""),
        ("h_{1,k+1}", 2, Written("h", i(1, Index("k", 1))), ""),
        ("x_{k+1}", 2, Written("x", i(Index("k", 1))), ""),
    ],
)
def test_indices_below_the_line(text, depth, name, left):
    found, end = operand(text, 0, depth)
    assert (found, text[end:]) == (name, left)


@pytest.mark.parametrize(
    ("text", "depth", "name", "left"),
    [
        ("h_1,2", 2, Written("h", i(1, 2)), ""),
        ("W_2,1,2", 2, Written("W", i(2, 1, 2)), ""),
        ("W_2,1,2,3", 2, Written("W", i(2)), ",1,2,3"),  # more than a weight can have: entries of a list
        ("h_1,2,3", 2, Written("h", i(1)), ",2,3"),
        ("h_3,1", 2, Written("h", i(3)), ",1"),  # there is no layer 3
        ("h_3,1", 3, Written("h", i(3, 1)), ""),
        ("h_31,2", 30, Written("h", i(3, 1)), ",2"),
        ("h_31,2", 31, Written("h", i(31, 2)), ""),
        ("h_k,2", 2, Written("h", i("k", 2)), ""),
        ("h_0,1", 2, Written("h", i(0)), ",1"),
        ("h_1,0", 2, Written("h", i(1)), ",0"),
        ("yhat_1,2", 2, Written("yhat", i(1)), ",2"),
        ("x_12,2", 2, Written("x", i(12)), ",2"),
        ("a_10,", 12, Written("a", i(10)), ""),
        ("a_10,*3", 12, Written("a", i(10)), "*3"),
        ("a_10,", 9, Written("a", i(1, 0)), ","),
        ("h^{(1)}_1,2", 2, Written("h", i(1), Index("", 1), True), ",2"),
        ("W^{(2)}_1,2", 2, Written("W", i(1, 2), Index("", 2), True), ""),
    ],
)
def test_commas_are_of_the_name_only_where_a_name_can_have_so_many_indices(text, depth, name, left):
    found, end = operand(text, 0, depth)
    assert (found, text[end:]) == (name, left)


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        ("a^2_1", Written("a", i(1), Index("", 2)), ""),
        ("a_1^2", Written("a", i(1), Index("", 2)), ""),
        ("W_{12}^{(2)}", Written("W", i(1, 2), Index("", 2), True), ""),
        ("W_12^2", Written("W", i(1, 2), Index("", 2)), ""),
        ("W_212^2", Written("W", i(2, 1, 2)), "^2"),  # it has its layer: a power
        ("W_2^2", Written("W", i(2)), "^2"),
        ("a_21^2", Written("a", i(2, 1)), "^2"),
        ("h_1^2", Written("h", i(1)), "^2"),
        ("h^2", Written("h", (), Index("", 2)), ""),
        ("x_1^2", Written("x", i(1)), "^2"),
        ("yhat^2", Written("yhat"), "^2"),
        ("yhat^{L}", Written("yhat", (), Index("L", 0)), ""),
        ("yhat^{(2)}", Written("yhat", (), Index("", 2), True), ""),
        ("L^2", Written("L"), "^2"),
        ("a^{L-1}", Written("a", (), Index("L", -1)), ""),
        ("a^l", Written("a", (), Index("l", 0)), ""),
        ("a^(2)", Written("a", (), Index("", 2), True), ""),
        ("a^{[1]T}", Written("a", (), Index("", 1), True, flipped=True), ""),
        ("a^{[1]}", Written("a", (), Index("", 1), True), ""),
        ("Z^{[2]}", Written("z", (), Index("", 2), True), ""),
        ("W'_212", Written("W", i(2, 1, 2), after=1), ""),
        ("W''_212", Written("W", i(2, 1, 2), after=2), ""),
        ("W'{7}_212", Written("W", i(2, 1, 2), after=7), ""),
        ("W_212'", Written("W", i(2, 1, 2)), "'"),
        ("W' + 1", Written("W"), "' + 1"),
    ],
)
def test_layers_above_the_line_and_updates(text, name, left):
    found, end = operand(text, 0, 2)
    assert (found, text[end:]) == (name, left)


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        ("E_total = 1", Own("E_total", "E", "total"), " = 1"),
        ("E_{total}", Own("E_total", "E", "total"), ""),
        ("E_{o 1}", Own("E_o1", "E", "o1"), ""),
        ("E_1", Own("E_1", "E", "1"), ""),
        ("E", Own("E", "E"), ""),
        ("net_h1", Own("net_h1", "net", "h1"), ""),
        ("Δw_23", Own("Δw_23", "Δw", "23"), ""),
        ("Δw_2,3", Own("Δw_2,3", "Δw", "2,3"), ""),
        ("E_1,2", Own("E_1", "E", "1"), ",2"),  # entries of a list
        ("E_12,345", Own("E_12", "E", "12"), ",345"),
        ("E_{1,2}", Own("E_1,2", "E", "1,2"), ""),
        ("γ + 1", Own("γ", "γ"), " + 1"),
        ("out_o_1", Own("out_o_1", "out", "o_1"), ""),
    ],
)
def test_names_of_the_authors_own(text, name, left):
    found, end = own_name(text, 0)
    assert (found, text[end:], str(found)) == (name, left, name.name)
    assert operand(text, 0, 2) == (found, end)


def test_a_name_begins_where_one_looks():
    assert operand("2*h_12", 2, 2) == (Written("h", i(1, 2)), 6)
    assert operand("2*h_12", 0, 2) is None
    assert own_name("1", 0) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("'", (1, 1)),
        ("'''", (3, 3)),
        ("'{12}", (5, 12)),
        ("'^{(3)}", (7, 3)),
        (" '", (2, 1)),
        ("x", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_primes_are_counted(text, found):
    assert after_primes(text, 0) == found
