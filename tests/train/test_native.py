"""The native library against the equations it fuses: one run of minibatches equals the plain loop to rounding."""

import ctypes
import itertools
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import InputError
from chainrule.native import library as native
from chainrule.network.activations import ACTIVATIONS, LEAK
from chainrule.network.losses import HUBER_DELTA, LOSSES
from chainrule.network.outputs import EXP, OUTPUTS, output
from chainrule.network.pairs import PAIRS
from chainrule.train import compiled, engines
from chainrule.train.dropout import keep, keys
from chainrule.train.engine import Rows, State
from chainrule.train.engines import start
from chainrule.train.optimizers import OPTIMIZERS, optimizer
from chainrule.train.recipe import Recipe
from tests.support.loading import tool
from tests.support.native import (
    FUNCTIONS,
    address,
    coefficients,
    constant,
    kernel,
    library,
    numbers,
    variant,
    variants,
)
from tests.support.sample import covering, draws, in_turn

EPS = {"float64": 2.3e-16, "float32": 1.2e-7}
KINDS = [
    (loss.name, out.name)
    for loss, out in itertools.product(LOSSES.values(), [*OUTPUTS.values(), EXP])
    if any(loss.fits(out, k) for k in (1, 2))
]
VARIANTS = variants() or ["none"]
every_variant = pytest.mark.parametrize("name", VARIANTS)
both_types = pytest.mark.parametrize("dtype", ["float64", "float32"])

# ---------------------------------------------------------------- what Python and C++ both say


def test_updates_have_the_numbers_of_the_records():
    assert {name: numbers("Rule").index(name.upper()) for name in OPTIMIZERS if name != "adamw"} == {
        name: code for name, code in native.RULES.items() if name != "adamw"
    }
    assert native.RULES["adamw"] == native.RULES["adam"]


def test_the_library_computes_every_rule_of_the_tables():
    assert set(native.computed("activations")) == set(ACTIVATIONS) | set(OUTPUTS) | {EXP.name}
    assert set(native.computed("losses")) == set(LOSSES)
    assert set(OPTIMIZERS) == set(native.RULES)
    pairs = {**native.computed("pairs")}
    assert pairs.pop("") == 0
    assert set(pairs) == {f"{loss} {out}" for loss, out in (*PAIRS, ("poisson", EXP.name))}


def test_records_have_the_size_that_python_gives_them():
    assert [library().chainrule_size(i) for i in (0, 1, 2)] == [
        ctypes.sizeof(record) for record in (native.EnginePlan, native.Request, native.Layers)
    ]


def test_constants_are_those_of_the_equations():
    assert constant("HUBER_DELTA", "output.h") == HUBER_DELTA
    assert constant("LEAK", "activations.h") == LEAK
    assert constant("NEAR", "product.h") == constant("NEAR_BYTES", "library.cpp") == compiled.NEAR_BYTES


def test_the_best_variant_runs_unless_another_is_chosen():
    assert VARIANTS[-1] == "baseline"
    assert library().chainrule_variant().decode() == VARIANTS[0]
    with variant("baseline"):
        assert library().chainrule_variant() == b"baseline"
    assert library().chainrule_choose(b"nothing") == 0
    assert library().chainrule_variant().decode() == VARIANTS[0]


@pytest.fixture
def looked_for_anew(monkeypatch):
    """The library is looked for again, and once more afterwards."""
    monkeypatch.delenv(native.SWITCH, raising=False)
    kept = native.library, native.computed, engines._say_once
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.mark.parametrize("content", [None, b"of another machine"])
def test_without_a_library_the_plain_engine_trains_and_says_so_once(
    content, looked_for_anew, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(native, "FOLDER", tmp_path)
    if content:
        (tmp_path / native.NAMES[0]).write_bytes(content)
    net = cr.Network.random((3, 4, 2), "relu")
    assert [start(net, Recipe()).kind for _ in range(2)] == ["plain", "plain"]
    assert capsys.readouterr().err.count("no native library") == 1
    with pytest.raises(InputError, match="engine compiled"):
        start(net, Recipe(engine="compiled"))


def test_the_environment_may_ask_for_the_plain_engine_and_for_no_other(looked_for_anew, monkeypatch, capsys):
    net = cr.Network.random((3, 4, 2), "relu")
    monkeypatch.setenv(native.SWITCH, "plain")
    assert start(net, Recipe()).kind == "plain"
    assert capsys.readouterr().err == ""
    native.library.cache_clear()
    monkeypatch.setenv(native.SWITCH, "fast")
    with pytest.raises(InputError, match=f"{native.SWITCH}: expected plain, or nothing; got fast"):
        start(net, Recipe())


def test_a_library_of_older_sources_is_refused(looked_for_anew, monkeypatch):
    monkeypatch.setattr(native.ctypes, "CDLL", lambda path: SimpleNamespace())
    with pytest.raises(
        InputError, match=r"native library .*_engine\.\w+: expected .* tools/native\.py.*; got an older"
    ):
        native.library()


# ---------------------------------------------------------------- elementary functions

EXACT = {"exp": mpmath.exp, "log1p": mpmath.log1p, "erfc": mpmath.erfc, "expm1": mpmath.expm1}


@every_variant
@both_types
@pytest.mark.parametrize(
    ("function", "low", "high", "units"), [("exp", -87, 88, 1.5), ("expm1", -40, 40, 2.5), ("log1p", 0, 50, 2),
                                           ("erfc", -6, 9, 6)],
)  # fmt: skip
def test_elementary_functions(name, function, low, high, units, dtype, rng):
    """Within some units of the last place; erfc of a positive x within 2 x^2 more, for x^2 is rounded."""
    x = np.concatenate([rng.uniform(low, high, 250), rng.uniform(max(low, -1e-3), 1e-3, 30), [low, high, 0.0]])
    x = x.astype(dtype)
    out = np.full_like(x, np.nan)
    with variant(name):
        kernel("function", dtype)(FUNCTIONS.index(function), address(x), address(out), x.size)
    with mpmath.workdps(40):
        exact = [EXACT[function](mpmath.mpf(float(value))) for value in x]
        places = np.spacing(np.abs(np.array([float(value) for value in exact], dtype)))
        errors = [abs(mpmath.mpf(float(o)) - e) / float(p) for o, e, p in zip(out, exact, places, strict=True)]
    allowed = units + (2 * x.astype(float).clip(0) ** 2 if function == "erfc" else 0 * x)
    assert max(errors) > 0.3  # not the C library's own
    assert (np.array(errors, float) <= allowed).all()


@every_variant
@both_types
def test_elementary_functions_pass_on_nan(name, dtype):
    x = np.full(9, np.nan, dtype)
    with variant(name):
        for code in range(len(FUNCTIONS)):
            out = np.zeros_like(x)
            kernel("function", dtype)(code, address(x), address(out), x.size)
            assert np.isnan(out).all()


def test_the_polynomials_are_what_their_tool_computes():
    polynomials = tool("polynomials")
    for name, f, low, high, degrees in polynomials.WANTED:
        for degree, (bits, kind) in zip(degrees, ((32, np.float32), (64, np.float64)), strict=True):
            expected = [kind(str(c)) for c in polynomials.coefficients(name, f, low, high, degree)]
            assert [kind(c) for c in coefficients(name, bits)] == expected


# ---------------------------------------------------------------- activations


def activated(rule, a):
    units, slopes = a.copy(), np.full_like(a, np.nan)
    kernel("activate", a.dtype)(native.computed("activations")[rule], address(units), address(slopes), a.size)
    return units, slopes


@every_variant
@both_types
@pytest.mark.parametrize("rule", [*ACTIVATIONS, "exp"])
def test_activations_and_their_slopes(name, rule, dtype, rng):
    a = np.concatenate([rng.normal(0, 3, 2000), rng.normal(0, 1e-4, 100), [-1e6, -1000, 1000, 1e6, 0, -30, 30]])
    a = a[:-7].astype(dtype) if rule == "exp" else a.astype(dtype)
    with variant(name):
        units, slopes = activated(rule, a)
    row, wide = EXP.rule if rule == "exp" else ACTIVATIONS[rule], a.astype(np.float64)
    scale = 1 + np.abs(wide) * (row.gate is not None)
    assert (np.abs(units - row.g(wide)) / scale).max() <= 4 * EPS[dtype] * (1 + np.abs(row.g(wide)) / scale).max()
    assert (np.abs(slopes - row.dg(wide)) / (1 + np.abs(row.dg(wide)))).max() <= 40 * EPS[dtype]
    if rule in ("sigmoid", "tanh", "elu", "softplus"):  # where g saturates the slope keeps its digits
        kept = np.abs(wide) < 80
        np.testing.assert_allclose(slopes[kept], row.dg(wide[kept]), rtol=40 * EPS[dtype])
        np.testing.assert_allclose(units[kept], row.g(wide[kept]), rtol=8 * EPS[dtype])  # also of small ones


@every_variant
@both_types
def test_activations_of_any_count_touch_nothing_else_and_pass_on_nan(name, dtype, rng):
    with variant(name):
        for rule in [*ACTIVATIONS, EXP.name]:
            whole = rng.normal(size=70).astype(dtype)
            expected = activated(rule, whole)
            for count in (0, 1, 2, 3, 5, 8, 15, 17, 31, 33, 40):
                units, slopes = whole.copy(), np.full_like(whole, 7)
                code, at = native.computed("activations")[rule], (address(units, 3), address(slopes, 3))
                kernel("activate", dtype)(code, *at, count)
                for found, all_of_it, untouched in zip((units, slopes), expected, (whole, np.full_like(whole, 7)),
                                                       strict=True):  # fmt: skip
                    np.testing.assert_allclose(found[3 : count + 3], all_of_it[3 : count + 3], rtol=8 * EPS[dtype])
                    assert np.array_equal(np.delete(found, slice(3, count + 3)),
                                          np.delete(untouched, slice(3, count + 3)))  # fmt: skip
            assert np.isnan(activated(rule, np.full(9, np.nan, dtype))[0]).all()


# ---------------------------------------------------------------- products


def multiplied(m, n, k, dtype, rng, transposed=False, turned=False, add="nothing", more=0, room=10**6):
    """A product by the library and by NumPy; around the operands lies NaN, which none of the two may reach."""

    def within(rows, columns):
        whole = np.full((rows + 2, columns + more), np.nan, dtype)
        whole[1:-1, :columns] = rng.normal(size=(rows, columns))
        return whole, whole[1:-1, :columns]

    (a, A), (b, B) = within(*(k, m) if transposed else (m, k)), within(*(n, k) if turned else (k, n))
    c, C = within(m, n)
    d, D = within(1 if add == "a row" else m, n)
    work = np.full(room + 8, np.nan, dtype)
    given = {"nothing": np.zeros_like(C), "itself": C.copy(), "a row": D, "a matrix": D}[add]
    before = [v.copy() for v in (a, b, d)]
    where = {"nothing": (None, 0), "itself": (address(c, c.shape[1]), c.shape[1]),
             "a row": (address(d, d.shape[1]), 0), "a matrix": (address(d, d.shape[1]), d.shape[1])}[add]  # fmt: skip
    expected = c.copy()
    expected[1:-1, :n] = (A.T if transposed else A).astype(float) @ (B.T if turned else B).astype(float) + given
    steps = (1, a.shape[1]) if transposed else (a.shape[1], 1)
    kernel("product", dtype)(
        address(a, a.shape[1]), *steps, address(b, b.shape[1]), b.shape[1], turned, address(c, c.shape[1]), c.shape[1],
        *where, m, n, k, address(work), room,
    )  # fmt: skip
    assert all(np.array_equal(v, was, equal_nan=True) for v, was in zip((a, b, d), before, strict=True))
    assert np.isnan(work[room:]).all()
    return c, expected


def same_product(found, dtype, k):
    c, expected = found
    np.testing.assert_allclose(c, expected, rtol=1e-5 if dtype == "float32" else 1e-12,
                               atol=20 * EPS[dtype] * (1 + k) ** 0.5)  # fmt: skip


@every_variant
@both_types
def test_products_of_every_size_equal_numpys_and_touch_nothing_else(name, dtype, rng):
    """Every number of rows that a tile may have, every number of columns up to some registers and a rest."""
    with variant(name):
        for m, n in itertools.product([*range(14), 23, 25], [*range(1, 20), 31, 32, 33, 47, 63, 64, 65, 70]):
            same_product(multiplied(m, n, 3, dtype, rng, add="itself", more=1), dtype, 3)


@every_variant
@draws(15)
@given(
    m=st.integers(0, 30) | st.just(300),
    n=st.integers(0, 70) | st.just(250),
    k=st.integers(0, 30) | st.just(200),
    transposed=st.booleans(),
    turned=st.booleans(),
    add=st.sampled_from(["nothing", "itself", "a row", "a matrix"]),
    room=st.sampled_from([0, 1, 100, 10**5]),
    more=st.integers(0, 3),
    dtype=st.sampled_from(["float64", "float32"]),
    seed=st.integers(0, 10**6),
)
def test_a_product_equals_numpys(name, m, n, k, transposed, turned, add, room, more, dtype, seed):
    """Also where there is too little room to turn B over."""
    rng = np.random.default_rng(seed)
    with variant(name):
        same_product(multiplied(m, n, k, dtype, rng, transposed, turned, add, more, room), dtype, k)


@every_variant
@both_types
@pytest.mark.parametrize("shape", [(1, 1), (7, 8), (8, 8), (8, 2), (3, 19), (16, 24), (33, 41)])
def test_a_matrix_is_turned_over_to_the_bit(name, dtype, shape, rng):
    """The product with the identity is the matrix itself."""
    n, k = shape
    one, b, c = np.eye(k, dtype=dtype), rng.normal(size=shape).astype(dtype), np.zeros((k, n), dtype)
    work = np.zeros(n * k, dtype)
    with variant(name):
        kernel("product", dtype)(
            address(one), k, 1, address(b), k, True, address(c), n, None, 0, k, n, k, address(work), work.size
        )
    assert np.array_equal(c, b.T)


# ---------------------------------------------------------------- a run of minibatches


def network_and_rows(rng, sizes, hidden, out, loss, reduction, dtype, n, weighted, labelled):
    net = cr.Network.random(sizes, hidden, out, loss, reduction, seed=int(rng.integers(1000)), dtype=dtype)
    x = rng.normal(size=(n, sizes[0])).astype(dtype)
    low, high = net.loss_rule.target_range
    if labelled:
        y = rng.integers(0, sizes[-1], n)
    else:
        y = rng.uniform(max(low, -1.0), min(high, 1.0), (n, sizes[-1])).astype(dtype)
    weight = rng.integers(0, 3, n).astype(dtype) if weighted else None
    return net, Rows(x, y, weight)


def run(net, rows, recipe, order, rates):
    engine = start(net, recipe)
    part = engine.steps(rows, order, rates)
    return engine, part


def agree(net, rows, recipe, rates, order, drawn=False):
    """The compiled engine did what the plain one did.

    Args:
        drawn: by Hypothesis, which finds trainings that make much of little: those in which a last place of the first
            weights comes near the tolerance tell nothing of the engines.
    """
    tolerance = 1e-11 if net.dtype == np.float64 else 3e-4
    plain, one = run(net, rows, replace(recipe, engine="plain"), order, rates)
    if drawn:
        loss = plain.evaluate(rows)[0]
        assume(np.isfinite(loss))
        moved = net.flat * (1 + np.finfo(net.dtype).eps * np.sign(np.sin(np.arange(net.flat.size))).astype(net.dtype))
        beside = run(net.on_flat(moved), rows, replace(recipe, engine="plain"), order, rates)[0]
        drift = np.abs(plain.state().theta - beside.state().theta).max()
        assume(10 * drift <= tolerance * max(1.0, float(np.abs(plain.state().theta).max())))
        assume(abs(beside.evaluate(rows)[0] - loss) <= 2 * tolerance * max(1.0, abs(loss)))
    fast, two = run(net, rows, replace(recipe, engine="compiled"), order, rates)
    same_gradient(net, rows, recipe, tolerance)
    assert one.failed == two.failed
    state, other = plain.state(), fast.state()
    assert state.step == other.step
    assert other.theta.dtype == net.dtype
    size = max(1.0, float(np.abs(state.theta).max()))
    assert np.abs(state.theta - other.theta).max() <= tolerance * size
    assert np.array_equal(state.theta, net.flat) <= bool((one.probe.update_norm == 0).all() or rows.weight is not None)
    for mine, theirs in zip(state.moments, other.moments, strict=True):
        assert np.abs(mine - theirs).max() <= tolerance * max(1.0, float(np.abs(mine).max()))
    np.testing.assert_allclose(two.loss, one.loss, rtol=tolerance, atol=tolerance)
    assert one.right == two.right
    np.testing.assert_allclose(two.probe.grad_norm, one.probe.grad_norm, rtol=20 * tolerance, atol=20 * tolerance)
    np.testing.assert_allclose(two.probe.update_norm, one.probe.update_norm, rtol=20 * tolerance, atol=tolerance)
    np.testing.assert_allclose(two.probe.weight_norm, one.probe.weight_norm, rtol=20 * tolerance, atol=tolerance)
    assert one.probe.observed == two.probe.observed
    np.testing.assert_array_equal(one.probe.asleep, two.probe.asleep)
    np.testing.assert_allclose(fast.evaluate(rows), plain.evaluate(rows), rtol=20 * tolerance, atol=20 * tolerance)


def same_gradient(net, rows, recipe, tolerance):
    """Of the summed loss at the first parameters."""
    one, two = (start(net, replace(recipe, engine=engine)).gradient(rows) for engine in ("plain", "compiled"))
    np.testing.assert_allclose(two.loss, one.loss, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(two.grad, one.grad, rtol=0, atol=tolerance * max(1.0, float(np.abs(one.grad).max())))
    assert two.grad.dtype == net.dtype
    assert one.right == two.right


@pytest.mark.parametrize(("loss", "out", "dtype"), in_turn(KINDS, ["float64", "float32"]))
def test_every_loss_and_output_equals_the_plain_loop(loss, out, dtype, rng):
    k = next(k for k in (3, 2, 1) if LOSSES[loss].fits(output(out), k))
    for labelled in {False, k > 1 and loss != "poisson"}:
        net, rows = network_and_rows(rng, (4, 5, k), "tanh", out, loss, "mean", dtype, 23, True, labelled)
        recipe = Recipe(optimizer("sgd", 0.05), batch_size=6, l2=0.2, threads=2)
        agree(net, rows, recipe, np.full(4, 0.05), rng.permutation(23))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_every_activation_equals_the_plain_loop(hidden, dtype, rng):
    net, rows = network_and_rows(rng, (4, 6, 5, 3), hidden, "softmax", "cross_entropy", "mean", dtype, 31, False, True)
    recipe = Recipe(optimizer("momentum", 0.05), batch_size=8, dropout=(0.25, 0.5), seed=5, threads=1)
    agree(net, rows, recipe, np.full(4, 0.05), rng.permutation(31))


@every_variant
@draws(12)
@given(
    sizes=st.lists(st.integers(1, 12) | st.sampled_from([17, 33, 48]), min_size=2, max_size=6),
    hidden=st.sampled_from(sorted(ACTIVATIONS)),
    kind=st.sampled_from(KINDS),
    reduction=st.sampled_from(["mean", "sum"]),
    dtype=st.sampled_from(["float64", "float32"]),
    rule=st.sampled_from(OPTIMIZERS),
    n=st.integers(1, 40),
    batch=st.integers(1, 50),
    threads=st.integers(1, 3),
    weighted=st.booleans(),
    l2=st.sampled_from([0.0, 0.3]),
    dropout=st.sampled_from([0.0, 0.4]),
    health=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_any_run_equals_the_plain_loop(
    name, sizes, hidden, kind, reduction, dtype, rule, n, batch, threads, weighted, l2, dropout, health, seed
):  # fmt: skip
    loss, out = kind
    if not LOSSES[loss].fits(output(out), sizes[-1]):
        sizes = [*sizes[:-1], 1 if loss == "identity" else 2]
    rng = np.random.default_rng(seed)
    net, rows = network_and_rows(rng, sizes, hidden, out, loss, reduction, dtype, n, weighted, False)
    # an epsilon that is no smaller than the rounding of a gradient, or Adam would divide noise by noise
    recipe = Recipe(
        optimizer(rule, epsilon=0.01), batch_size=batch, seed=seed, l2=l2, dropout=dropout, threads=threads,
        health=health,
    )  # fmt: skip
    count = -(-n // batch)
    with variant(name):
        agree(net, rows, recipe, np.linspace(0.01, 0.001, count), rng.permutation(n), drawn=True)


@both_types
def test_rows_that_the_threads_gather_together_equal_the_plain_loop(dtype, rng):
    """Wide rows, the last minibatch too short for it to have some for each thread."""
    net, rows = network_and_rows(rng, (1100, 20, 3), "tanh", "softmax", "cross_entropy", "mean", dtype, 65, True, True)
    assert 32 * 1100 * net.dtype.itemsize >= constant("TOGETHER_BYTES", "library.cpp")
    recipe = Recipe(optimizer("momentum", 0.05), batch_size=32, dropout=0.3, threads=3)
    agree(net, rows, recipe, np.full(3, 0.05), rng.permutation(65))


@pytest.mark.parametrize(
    ("sizes", "n", "threads", "dtype"),
    covering(
        [
            (sizes, n, threads, dtype)
            for sizes, n in [((9, 33, 24, 10), 183), ((700, 400, 450, 2), 160), ((1100, 5), 240)]
            for threads in (1, 2, 3)
            for dtype in ("float64", "float32")
        ],
        2,
    ),
)
def test_products_of_every_size_equal_the_plain_loop(sizes, n, dtype, threads, rng):
    """Below and above the size from which BLAS takes them, with rows that each thread gathers and that all do."""
    net, rows = network_and_rows(rng, sizes, "tanh", "softmax", "cross_entropy", "mean", dtype, n, False, True)
    recipe = Recipe(optimizer("momentum", 0.05), batch_size=n // 2 - 7, threads=threads)
    agree(net, rows, recipe, np.full(3, 0.05), rng.permutation(n))


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(
    ("loss", "out", "dtype", "labelled"),
    [("cross_entropy", "softmax", "float64", True), ("squared_error", "softplus", "float32", False)],
)
def test_many_outputs_are_shared_out(loss, out, dtype, labelled, threads, rng):
    """The last minibatch has too few."""
    net, rows = network_and_rows(rng, (5, 40, 20, 30), "tanh", out, loss, "mean", dtype, 713, True, labelled)
    recipe = Recipe(optimizer("momentum", 0.05), batch_size=350, l2=0.1, dropout=0.2, threads=threads)
    assert 13 * 30 < constant("MANY", "passes.h") <= 350 * 30
    agree(net, rows, recipe, np.full(3, 0.05), rng.permutation(713))


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 8])
@both_types
@pytest.mark.parametrize("sizes", [(3, 1), (1, 1, 1), (70, 3), (5, 16, 17, 2), (9, 40, 8, 70)])
def test_what_is_restored_is_what_the_state_tells(sizes, dtype, threads, rng):
    """Whichever thread owns a parameter; and training does not begin anew."""
    net = cr.Network.random(sizes, "tanh", "identity", "squared_error", dtype=dtype)
    for rule, moments in (("sgd", 0), ("momentum", 1), ("adam", 2)):
        vectors = [rng.normal(size=net.parameter_count).astype(dtype) for _ in range(1 + moments)]
        engine = start(net, Recipe(optimizer(rule), threads=threads, engine="compiled"))
        assert np.array_equal(engine.state().theta, net.flat)
        engine.restore(State(vectors[0], tuple(vectors[1:]), 7))
        state = engine.state()
        assert state.step == engine.step == 7
        for found, given_ in zip((state.theta, *state.moments), vectors, strict=True):
            assert found.dtype == given_.dtype
            assert np.array_equal(found, given_)
        engine.recall(net.flat)
        assert np.array_equal(engine.snapshot(), net.flat)
        assert np.array_equal(engine.network().flat, net.flat)
        assert all(np.array_equal(*pair) for pair in zip(engine.state().moments, vectors[1:], strict=True))
        engine.close()
        assert np.array_equal(engine.state().theta, net.flat)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("layer", [1, 2])
def test_dropout_draws_as_its_definition_does(layer, threads):
    """One row of weight 1, weights of 1 and identities: the step of the last biases is the factors of one example."""
    units, step, seed, share = 20, 3, 11, 0.3
    net = cr.Network(
        [np.ones((units, 1)), np.eye(units), np.eye(units)], None, "identity", "identity", "squared_error", "sum"
    )
    shares = tuple(share if i == layer else 0.0 for i in (1, 2))
    recipe = Recipe(optimizer("sgd"), batch_size=4, seed=seed, dropout=shares, threads=threads, engine="compiled")
    order, rates = np.arange(4 * (step + 1)), np.array([0.0] * step + [0.5])
    expected = keep(int(keys(seed, step, 1, 2)[0, layer - 1]), share, 4, units, "float64")
    for row in range(4):
        weight = (order == 4 * step + row).astype(float)
        engine = start(net, recipe)
        engine.steps(Rows(np.ones((len(order), 1)), np.zeros((len(order), units)), weight), order, rates)
        assert np.array_equal(-engine.network().biases[-1], expected[row])
    assert 0 < (expected == 0).sum() < expected.size


def test_a_planted_error_is_seen(rng):
    """The comparison is fine enough to see one wrong rate in 1e-9."""
    net, rows = network_and_rows(rng, (4, 5, 3), "tanh", "softmax", "cross_entropy", "mean", "float64", 20, False, True)
    order = rng.permutation(20)
    recipe = Recipe(optimizer("sgd", 0.05), batch_size=5)
    _, right = run(net, rows, recipe, order, np.full(4, 0.05))
    engine = start(net, recipe)
    engine.steps(rows, order, np.full(4, 0.05 * (1 + 1e-8)))
    wrong = engine.state().theta
    right = start(net, recipe)
    right.steps(rows, order, np.full(4, 0.05))
    assert np.abs(wrong - right.state().theta).max() > 1e-11


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_one_thread_count_gives_bitwise_the_same_run(threads, rng):
    net, rows = network_and_rows(
        rng, (20, 33, 17, 3), "relu", "softmax", "cross_entropy", "mean", "float32", 300, True, True
    )
    recipe = Recipe(optimizer("adam"), batch_size=32, dropout=0.2, l2=0.01, threads=threads)
    order = rng.permutation(300)
    runs = [run(net, rows, recipe, order, np.full(10, 0.001)) for _ in range(3)]
    for engine, part in runs[1:]:
        assert np.array_equal(engine.state().theta, runs[0][0].state().theta)
        assert part.loss == runs[0][1].loss


def test_runs_in_several_python_threads_at_once(rng):
    """Each with two threads of its own: none waits for another's, all give what each gives alone."""
    net, rows = network_and_rows(
        rng, (20, 33, 3), "relu", "softmax", "cross_entropy", "mean", "float64", 400, False, True
    )
    recipe = Recipe(optimizer("adam"), batch_size=16, threads=2)
    order = rng.permutation(400)
    alone = run(net, rows, recipe, order, np.full(25, 0.001))[0].state().theta
    found = []
    workers = [
        threading.Thread(
            target=lambda: found.append(run(net, rows, recipe, order, np.full(25, 0.001))[0].state().theta)
        )
        for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert len(found) == 6
    assert all(np.array_equal(theta, alone) for theta in found)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_loss_that_is_not_finite_stops_the_run_where_it_happens(engine, rng):
    net, rows = network_and_rows(
        rng, (3, 4, 2), "relu", "identity", "squared_error", "mean", "float64", 40, False, False
    )
    rows.x[25] = 1e200
    fast = start(
        net, Recipe(optimizer("sgd", 0.01), batch_size=10, engine=engine, threads=2 if engine == "compiled" else 1)
    )
    part = fast.steps(rows, np.arange(40), np.full(4, 0.01))
    assert part.failed == 2
    assert fast.step == 2
    assert np.isfinite(fast.state().theta).all()
    assert not np.isfinite(part.loss)


def test_a_state_goes_over_from_one_engine_to_the_other(rng):
    net, rows = network_and_rows(rng, (5, 7, 3), "tanh", "softmax", "cross_entropy", "mean", "float64", 30, False, True)
    order, rates = rng.permutation(30), np.full(3, 0.01)
    plain = start(net, Recipe(optimizer("adam", epsilon=1e-3), batch_size=10, engine="plain"))
    plain.steps(rows, order, rates)
    fast = start(net, Recipe(optimizer("adam", epsilon=1e-3), batch_size=10, engine="compiled"))
    fast.restore(plain.state())
    assert np.array_equal(fast.state().theta, plain.state().theta)
    for engine in (plain, fast):
        engine.steps(rows, order, rates)
    np.testing.assert_allclose(fast.state().theta, plain.state().theta, rtol=1e-10, atol=1e-12)
    assert isinstance(fast.state(), State)


def test_dropout_leaves_out_its_share():
    from chainrule.train.dropout import keep, keys

    kept = keep(int(keys(3, 10, 1, 2)[0, 1]), 0.3, 400, 300, "float64")
    assert set(np.unique(kept)) == {0.0, 1 / 0.7}
    assert abs((kept == 0).mean() - 0.3) < 0.01
    assert np.abs((kept == 0).mean(axis=0) - 0.3).max() < 0.12
    other = keep(int(keys(3, 11, 1, 2)[0, 1]), 0.3, 400, 300, "float64")
    assert abs(np.corrcoef(kept.ravel(), other.ravel())[0, 1]) < 0.02


def test_arrays_that_may_only_be_read_or_lie_otherwise_give_the_same(rng):
    """The library reads by address: what has another type or order is copied first."""
    net, rows = network_and_rows(rng, (3, 4, 2), "relu", "softmax", "cross_entropy", "mean", "float32", 20, True, True)
    recipe, order = Recipe(optimizer("sgd"), batch_size=5), np.arange(20)
    numbers_of = Rows(rows.x, np.eye(2, dtype="float32")[rows.y], rows.weight)
    for given_ in (rows, numbers_of):
        one, _ = run(net, given_, recipe, order, np.full(4, 0.1))
        other = Rows(*(np.repeat(part.astype(part.dtype.kind + "8"), 2, axis=0)[::2]
                       for part in (given_.x, given_.y, given_.weight)))  # fmt: skip
        turned = Rows(np.asfortranarray(given_.x), np.asfortranarray(given_.y), given_.weight)
        frozen = Rows(*(part.copy() for part in (given_.x, given_.y, given_.weight)))
        for part in (frozen.x, frozen.y, frozen.weight):
            part.setflags(write=False)
        for same in (other, turned, frozen):
            two, _ = run(net, same, recipe, order, np.full(4, 0.1))
            assert np.array_equal(one.state().theta, two.state().theta)
            assert np.array_equal(two.evaluate(same), one.evaluate(given_), equal_nan=True)
            assert np.array_equal(two.gradient(same).grad, one.gradient(given_).grad)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_no_rows_have_no_loss_and_no_gradient(engine):
    net = cr.Network.random((3, 4, 2), "relu", "softmax", "cross_entropy")
    found = start(net, Recipe(engine=engine)).gradient(Rows(np.zeros((0, 3)), np.zeros(0, np.int64)))
    assert (found.loss, found.right, np.abs(found.grad).max()) == (0.0, 0, 0.0)


def test_a_closed_engine_tells_its_state_and_does_nothing_else(rng):
    net, rows = network_and_rows(rng, (3, 4, 2), "relu", "softmax", "cross_entropy", "mean", "float64", 8, False, True)
    engine, _ = run(net, rows, Recipe(threads=2, engine="compiled"), np.arange(8), np.full(1, 0.1))
    state = engine.state()
    for _ in range(2):
        engine.close()
    assert engine.state().step == 1
    assert all(np.array_equal(engine.state().theta, theta) for theta in (state.theta, engine.snapshot()))
    assert np.array_equal(engine.network().flat, state.theta)
    for asked in (
        lambda: engine.steps(rows, np.arange(8), np.full(1, 0.1)), lambda: engine.gradient(rows),
        lambda: engine.evaluate(rows), lambda: engine.restore(state), lambda: engine.recall(net.flat),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="closed"):
            asked()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no limit of a process keeps threads from being had")
def test_threads_that_cannot_be_had_are_a_memory_error():
    """In a process of its own with little room for their stacks; it goes on, also with fewer threads."""
    program = """
import resource
import numpy as np
import chainrule as cr
from chainrule.train.engine import Rows
from chainrule.train.engines import start
from chainrule.train.recipe import Recipe
net = cr.Network.random((2, 3, 2), "tanh")
rows = Rows(np.zeros((4, 2)), np.zeros(4, np.int64))
start(net, Recipe(threads=2, engine="compiled")).evaluate(rows)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 29), used + (1 << 29)))
try:
    start(net, Recipe(threads=256, engine="compiled"))
except MemoryError:
    print("refused")
print(start(net, Recipe(threads=3, engine="compiled")).evaluate(rows)[0] > 0)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ran.stdout.split() == ["refused", "True"], ran.stderr


def test_blas_has_one_thread_while_the_library_runs_whoever_asks():
    """Also in a thread other than the first that asked; the last user lifts the limit."""
    from chainrule.train import blas

    threads = [library.num_threads for library in blas._libraries()]
    assert threads
    seen, inside, leave = [], threading.Event(), threading.Event()

    def user():
        with blas.one_blas_thread():
            seen.append([library.num_threads for library in blas._libraries()])
            inside.set()
            leave.wait(60)

    with blas.one_blas_thread():
        pass  # this thread was the first
    worker = threading.Thread(target=user)
    worker.start()
    assert inside.wait(60)
    with blas.one_blas_thread():
        seen.append([library.num_threads for library in blas._libraries()])
    seen.append([library.num_threads for library in blas._libraries()])
    leave.set()
    worker.join(60)
    assert seen == [[1] * len(threads)] * 3
    assert [library.num_threads for library in blas._libraries()] == threads
