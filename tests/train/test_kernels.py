"""The kernels against the equations they fuse: one run of minibatches equals the plain loop to rounding."""

import importlib.util
import itertools
import re
import runpy
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba import njit

import chainrule as cr
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import EXP, OUTPUTS, output
from chainrule.train import compiled
from chainrule.train.engine import Rows, State
from chainrule.train.engines import start
from chainrule.train.kernels import activate, entry, mathematics, product, steps, turn
from chainrule.train.kernels.low_level import gemm_address
from chainrule.train.layout import ParameterLayout
from chainrule.train.optimizers import OPTIMIZERS, optimizer
from chainrule.train.recipe import Recipe
from tests.support import kernels

EPS = {"float64": 2.3e-16, "float32": 1.2e-7}
KINDS = [
    (loss.name, out.name)
    for loss, out in itertools.product(LOSSES.values(), [*OUTPUTS.values(), EXP])
    if any(loss.fits(out, k) for k in (1, 2))
]

# ---------------------------------------------------------------- elementary functions


def loop_of(function):
    @njit(error_model="numpy", fastmath=mathematics.FAST)
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return loop


@njit(error_model="numpy", fastmath=mathematics.FAST)
def expm1(x):
    return mathematics.exp_and_expm1(x)[1]


FUNCTIONS = {"exp": mathematics.exp, "expm1": expm1, "log1p": mathematics.log1p, "erfc": mathematics.erfc}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "reference", "low", "high", "units"),
    [
        ("exp", np.exp, -87, 88, 2), ("expm1", np.expm1, -40, 40, 3), ("log1p", np.log1p, 0, 50, 3),
        ("erfc", scipy.special.erfc, -6, 9, 90),
    ],
)  # fmt: skip
def test_elementary_functions(dtype, name, reference, low, high, units, rng):
    """Within a few units of the last place (erfc far out: of a number below 1e-35)."""
    x = np.concatenate([rng.uniform(low, high, 5000), rng.uniform(max(low, -1e-3), 1e-3, 500), [low, high, 0.0]])
    x = np.abs(x).astype(dtype) if name == "log1p" else x.astype(dtype)
    out = np.empty_like(x)
    loop_of(FUNCTIONS[name])(x, out)
    exact = reference(x.astype(np.float64))
    assert np.abs(out - exact).max() > 0  # not the same code
    np.testing.assert_allclose(out, exact, rtol=units * EPS[dtype])


@pytest.mark.parametrize("name", ["exp", "expm1", "log1p", "erfc"])
def test_elementary_functions_pass_on_nan(name):
    out = np.zeros(1)
    loop_of(FUNCTIONS[name])(np.array([np.nan]), out)
    assert np.isnan(out[0])


def test_the_polynomials_are_what_their_tool_computes():
    """The first digits of one of each, against mpmath alone."""
    assert mpmath.almosteq(mathematics._EXP_64[1], mpmath.mpf(1) / 6, 1e-15)
    assert mpmath.almosteq(mathematics._ATANH_64[0], mpmath.mpf(1) / 3, 1e-15)
    middle = mpmath.log(2 * mpmath.erfc(2)) + 4  # t = 1/2, x = 2
    assert mpmath.almosteq(mathematics._ERFC_64[0], middle, 1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes(name, dtype, rng):
    a = np.concatenate([rng.normal(0, 3, 4000), rng.normal(0, 1e-4, 100), [-1000, 1000, 0, -30, 30]]).astype(dtype)
    units, slopes = a.copy(), np.empty_like(a)
    activate.activate(activate.CODES[name], units, slopes)
    row, wide = ACTIVATIONS[name], a.astype(np.float64)
    scale = 1 + np.abs(wide) * (name in ("gelu", "silu"))
    assert (np.abs(units - row.g(wide)) / scale).max() <= 4 * EPS[dtype] * (1 + np.abs(row.g(wide)) / scale).max()
    assert np.abs(slopes - row.dg(wide)).max() <= 40 * EPS[dtype]
    if name in ("sigmoid", "tanh", "elu", "softplus"):  # where g saturates the slope keeps its digits
        kept = np.abs(wide) < 80
        np.testing.assert_allclose(slopes[kept], row.dg(wide[kept]), rtol=40 * EPS[dtype])


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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("loss", "out"), KINDS)
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


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12) | st.sampled_from([17, 33, 48]), min_size=2, max_size=6),
    hidden=st.sampled_from(sorted(ACTIVATIONS)),
    kind=st.sampled_from(KINDS),
    reduction=st.sampled_from(["mean", "sum"]),
    dtype=st.sampled_from(["float64", "float32"]),
    name=st.sampled_from(OPTIMIZERS),
    n=st.integers(1, 40),
    batch=st.integers(1, 50),
    threads=st.integers(1, 4),
    weighted=st.booleans(),
    l2=st.sampled_from([0.0, 0.3]),
    dropout=st.sampled_from([0.0, 0.4]),
    seed=st.integers(0, 10**6),
    together=st.sampled_from([1, 1 << 16]),
)
def test_any_run_equals_the_plain_loop(
    sizes, hidden, kind, reduction, dtype, name, n, batch, threads, weighted, l2, dropout, seed, together
):  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:  # rows gathered together, or by each thread
        patch.setattr(compiled, "TOGETHER_BYTES", together)
        one_run(sizes, hidden, kind, reduction, dtype, name, n, batch, threads, weighted, l2, dropout, seed)


def one_run(sizes, hidden, kind, reduction, dtype, name, n, batch, threads, weighted, l2, dropout, seed):
    loss, out = kind
    if not LOSSES[loss].fits(output(out), sizes[-1]):
        sizes = [*sizes[:-1], 1 if loss == "identity" else 2]
    rng = np.random.default_rng(seed)
    net, rows = network_and_rows(rng, sizes, hidden, out, loss, reduction, dtype, n, weighted, False)
    # an epsilon that is no smaller than the rounding of a gradient, or Adam would divide noise by noise
    recipe = Recipe(optimizer(name, epsilon=0.01), batch_size=batch, seed=seed, l2=l2, dropout=dropout, threads=threads)
    count = -(-n // batch)
    agree(net, rows, recipe, np.linspace(0.01, 0.001, count), rng.permutation(n), drawn=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("sizes", "n"), [((9, 33, 24, 10), 183), ((700, 400, 450, 2), 320), ((1100, 5), 240)])
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
    assert 13 * 30 < steps.MANY <= 350 * 30
    agree(net, rows, recipe, np.full(3, 0.05), rng.permutation(713))


@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(0, 30) | st.just(600),
    n=st.integers(0, 40) | st.just(500),
    k=st.integers(0, 30) | st.just(300),
    turned=st.booleans(),
    flip=st.booleans(),
    add=st.sampled_from(["nothing", "itself", "a row"]),
    size=st.sampled_from([0, 10**6]),
    more=st.integers(0, 3),
    dtype=st.sampled_from(["float64", "float32"]),
    seed=st.integers(0, 10**6),
)
def test_a_product_equals_numpys_and_touches_nothing_else(m, n, k, turned, flip, add, size, more, dtype, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(k, m + more) if turned else (m, k + more)).astype(dtype)
    b = rng.normal(size=(n, k + more) if flip else (k, n + more)).astype(dtype)
    c = rng.normal(size=(m, n + more)).astype(dtype)
    A, B = (a[:, :m].T if turned else a[:, :k]), (b[:, :k].T if flip else b[:, :n])
    expected = c.copy()
    one = rng.normal(size=n + 2).astype(dtype)
    expected[:, :n] = A.astype(float) @ B + {"nothing": 0, "itself": c[:, :n], "a row": one[2:]}[add]
    into, room = c.ravel(), np.empty(size, dtype)
    d = (one, 2, 0) if add == "a row" else (into, 0, c.shape[1])
    row, step = (1, a.shape[1]) if turned else (a.shape[1], 1)
    product.product(
        gemm_address(np.dtype(dtype)), a.ravel(), 0, row, step, b.ravel(), 0, b.shape[1], flip, into, 0, c.shape[1],
        *d, m, n, k, add != "nothing", room, size,
    )  # fmt: skip
    np.testing.assert_allclose(into.reshape(c.shape), expected, rtol=1e-5, atol=100 * EPS[dtype] * (1 + k) ** 0.5)
    assert np.array_equal(into.reshape(c.shape)[:, n:], c[:, n:])


def test_tiles_of_avx_512_are_right_where_there_is_none():
    """In a process of its own, whose code is compiled for vectors of twice the length."""
    program = """
import numpy as np
from chainrule.train.kernels import product
lanes = product.tile_lanes
product.tile_lanes = lambda kind: 2 * lanes(kind)
rng = np.random.default_rng(0)
for m, n, k in ((7, 70, 9), (6, 32, 4), (1, 33, 0)):
    a, b, c = (rng.normal(size=s).astype("float32") for s in ((m, k), (k, n), (m, n)))
    into = c.ravel().copy()
    product.multiply(a.ravel(), 0, k, 1, b.ravel(), 0, n, into, 0, n, into, 0, n, m, n, k, True)
    assert np.allclose(into.reshape(m, n), a @ b + c, rtol=1e-4, atol=1e-4), (m, n, k)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 8), (8, 8), (8, 2), (3, 19), (16, 24), (33, 41)])
def test_turning_a_matrix_over(shape, dtype, rng):
    n, m = shape
    matrix = rng.normal(size=(n, m + 3)).astype(dtype)
    into = np.full(n * m, np.nan, dtype)
    turn.turn(matrix.ravel(), 2, m + 3, n, m, into)
    np.testing.assert_array_equal(into.reshape(m, n), matrix[:, 2 : m + 2].T)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 70), min_size=2, max_size=5),
    threads=st.integers(1, 5),
    dtype=st.sampled_from(["float64", "float32"]),
)
def test_every_parameter_has_one_owner(sizes, threads, dtype):
    net = cr.Network.random(sizes, "tanh", "softmax" if sizes[-1] > 1 else "identity",
                            "cross_entropy" if sizes[-1] > 1 else "squared_error", dtype=dtype)  # fmt: skip
    layout = ParameterLayout(net, threads)
    theta = layout.pack(net.flat)
    assert np.array_equal(layout.unpack(theta), net.flat)
    where = layout.pack(np.arange(1, net.parameter_count + 1).astype(dtype))
    assert sorted(where[where > 0]) == list(range(1, net.parameter_count + 1))
    assert (layout.offsets[:, 0] * net.dtype.itemsize % 64 == 0).all()


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


def test_arrays_that_may_only_be_read_compile_nothing_anew(rng):
    net, rows = network_and_rows(rng, (3, 4, 2), "relu", "softmax", "cross_entropy", "mean", "float64", 20, True, True)
    recipe, order = Recipe(optimizer("sgd"), batch_size=5), np.arange(20)
    one, _ = run(net, rows, recipe, order, np.full(4, 0.1))
    known = len(steps.steps.signatures)
    for part in (rows.x, rows.y, rows.weight):
        part.setflags(write=False)
    two, _ = run(net, rows, recipe, order, np.full(4, 0.1))
    assert len(steps.steps.signatures) == known
    assert np.array_equal(one.state().theta, two.state().theta)


def test_without_a_place_for_the_cache_it_is_compiled_all_the_same():
    scope = {}
    exec("def double(x):\n    return 2 * x", scope)  # from no file, so that there is no place beside it
    assert entry.entry(scope["double"])(4) == 8


def test_what_was_kept_is_dropped_when_any_source_has_changed(tmp_path, monkeypatch):
    (tmp_path / "kept.py").write_text("def double(x):\n    return 2 * x\n")
    hits = []
    for digest in ("one", "one", "other", "other"):
        monkeypatch.setattr(entry, "digest", lambda digest=digest: digest)
        double = entry.entry(runpy.run_path(str(tmp_path / "kept.py"))["double"])
        assert double(4) == 8
        hits.append(sum(double.stats.cache_hits.values()))
    assert hits == [0, 1, 0, 1]


def test_the_digest_is_of_all_that_the_kernels_are_compiled_from():
    texts = [path.read_text() for path in entry.SOURCES if path.parent == entry.FOLDER]
    modules = {name for text in texts for name in re.findall(r"^from (chainrule[\w.]*) import", text, re.M)}
    assert "chainrule.network.losses" in modules
    files = {Path(importlib.util.find_spec(name).origin) for name in modules}
    assert files <= set(entry.SOURCES)


@pytest.mark.slow_first
def test_the_first_start_says_that_it_compiles_and_the_second_loads(tmp_path):
    """With a cache folder of its own, as where the package's folder may not be written to."""
    first, second = kernels.first_and_second(str(tmp_path))
    assert first[0] > 0
    assert first[1].count("compiling the training kernels") == 1
    assert second == (0, "")


def test_blas_has_one_thread_while_the_kernels_run_whoever_asks():
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
