"""f[name] and b[name]: every quantity and derivative of a network, by its name."""

import dataclasses
import itertools
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.names import Quantity, read

SIZES = (3, 4, 2, 4, 3)
HIDDEN = ("tanh", "sigmoid", "silu", "softplus")
STEP = 1e-5

each_depth = pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
each_batch = pytest.mark.parametrize("n", [None, 1, 3], ids=["single", "batch of 1", "batch of 3"])


def network(depth: int) -> cr.Network:
    """SIZES up to the last layer, which always has 2 outputs; no bias is zero."""
    rng = np.random.default_rng(depth)
    sizes = (*SIZES[:depth], 2)
    weights = [rng.normal(size=(m, j)) for j, m in itertools.pairwise(sizes)]
    return cr.Network(weights, [rng.normal(size=m) for m in sizes[1:]], HIDDEN[: depth - 1], loss="squared_error")


def passes(depth: int, n: int | None) -> tuple[cr.Forward, cr.Backward]:
    rng, examples = np.random.default_rng(7), () if n is None else (n,)
    b = network(depth).backward(rng.normal(size=(*examples, 3)), rng.random((*examples, 2)))
    return b.forward, b


def wholes(f: cr.Forward) -> dict[str, np.ndarray]:
    """Textbook names of the forward pass and their arrays in the record."""
    net, depth = f.network, f.network.depth
    of_units = {"x": f.x, "yhat": f.yhat}
    of_units |= {f"a_{i}": f.a[i - 1] for i in range(1, depth + 1)} | {f"h_{i}": f.h[i] for i in range(1, depth + 1)}
    of_units = {name: array[0] if f.single else array for name, array in of_units.items()}
    layers = range(1, depth + 1)
    return of_units | {f"W_{i}": net.weights[i - 1] for i in layers} | {f"b_{i}": net.biases[i - 1] for i in layers}


def gradients(b: cr.Backward) -> dict[str, np.ndarray]:
    """Textbook names of the gradients and their arrays in the record."""
    depth = b.forward.network.depth
    of_units = {"dL/dx": b.grad_x, "dL/dyhat": b.grad_yhat, f"dL/dh_{depth}": b.grad_yhat}
    of_units |= {f"dL/da_{i}": grad for i, grad in enumerate(b.grad_a, 1)}
    of_units |= {f"dL/dh_{i}": grad for i, grad in enumerate(b.grad_h, 1)}
    of_units = {name: array[0] if b.forward.single else array for name, array in of_units.items()}
    of_units |= {f"dL/dW_{i}": grad for i, grad in enumerate(b.grad_W, 1)}
    return of_units | {f"dL/db_{i}": grad for i, grad in enumerate(b.grad_b, 1)}


# ---------------------------------------------------------------- values and gradients


@each_batch
@each_depth
def test_every_whole_is_the_array_of_the_record(depth, n):
    f, b = passes(depth, n)
    assert len(wholes(f)) == 4 * depth + 2
    assert len(gradients(b)) == 4 * depth + 2
    for name, array in wholes(f).items():
        for record in (f, b):
            np.testing.assert_array_equal(record[name], array, strict=True)
    for name, array in gradients(b).items():
        np.testing.assert_array_equal(b[name], array, strict=True)
        with pytest.raises(cr.InputError, match="targets"):
            f[name]
    np.testing.assert_array_equal(b["y"], b.y[0] if n is None else b.y, strict=True)
    assert b["L"] == b.L
    assert type(b["L"]) is float


@each_batch
@each_depth
def test_every_component_is_an_entry_of_its_whole(depth, n):
    _, b = passes(depth, n)
    for name, array in (wholes(b.forward) | gradients(b)).items():
        parameter = re.search(r"[Wb]_\d$", name) is not None
        units = array.ndim if parameter or n is None else array.ndim - 1
        for where in np.ndindex(array.shape[array.ndim - units :]):
            digits = "".join(str(i + 1) for i in where)
            component = b[f"{name}{digits}" if name[-1].isdigit() else f"{name}_{digits}"]
            np.testing.assert_array_equal(component, array[(..., *where)])
            assert (type(component) is float) == (parameter or n is None)
            assert np.shape(component) == (() if parameter or n is None else (n,))


@each_batch
@each_depth
def test_delta_notation_has_the_shapes_of_the_notes(depth, n):
    _, b = passes(depth, n)
    np.testing.assert_array_equal(b["a^0"], b["x"])
    np.testing.assert_array_equal(b[f"a^{depth}"], b["yhat"])
    for i in range(1, depth + 1):
        np.testing.assert_array_equal(b[f"z^{i}"], b[f"a_{i}"])
        np.testing.assert_array_equal(b[f"a^{i}"], b[f"h_{i}"])
        np.testing.assert_array_equal(b[f"b^{i}"], b[f"b_{i}"])
        np.testing.assert_array_equal(b[f"w^{i}"], b[f"W_{i}"].T)
        np.testing.assert_array_equal(b[f"dL/da^{i}"], b[f"dL/dh_{i}"])
        np.testing.assert_array_equal(b[f"dL/db^{i}"], b[f"dL/db_{i}"])
        for delta in (f"δ^{i}", f"delta^{i}", f"dL/dz^{i}"):
            np.testing.assert_array_equal(b[delta], b[f"dL/da_{i}"])
        before, delta = np.atleast_2d(b[f"a^{i - 1}"]), np.atleast_2d(b[f"δ^{i}"])
        outer = sum(np.outer(h, d) for h, d in zip(before, delta, strict=True))  # a^{l-1} (δ^l)^T
        assert b[f"dL/dw^{i}"].shape == b[f"w^{i}"].shape == outer.shape
        np.testing.assert_allclose(b[f"dL/dw^{i}"], outer, rtol=1e-12)
        assert b[f"w^{i}_21"] == b[f"W_{i}12"] == b[f"w^{i}"][1, 0]
        assert b[f"dL/dw^{i}_21"] == b[f"dL/dW_{i}12"] == b[f"dL/dw^{i}"][1, 0]
        np.testing.assert_array_equal(b[f"δ^{i}_2"], b[f"dL/da_{i}2"])


@each_batch
@each_depth
def test_h_L_is_yhat(depth, n):
    f, b = passes(depth, n)
    np.testing.assert_array_equal(f[f"h_{depth}"], f["yhat"])
    np.testing.assert_array_equal(f[f"h_{depth}2"], f["yhat_2"])
    np.testing.assert_array_equal(b[f"dL/dh_{depth}1"], b["dL/dyhat_1"])
    np.testing.assert_array_equal(b[f"dh_{depth}/da_{depth}2"], b[f"dyhat/da_{depth}2"])


def test_h_0_is_x():
    _, b = passes(2, 3)
    for alias, name in {"h_0": "x", "h_03": "x_3", "dL/dh_0": "dL/dx", "da_1/dh_0": "da_1/dx"}.items():
        np.testing.assert_array_equal(b[alias], b[name])


# ---------------------------------------------------------------- derivatives of one quantity by an earlier one


def read_value(f: cr.Forward, of: Quantity, shift: int = 0) -> np.ndarray:
    if of.symbol == "yhat":
        return f.yhat
    return f.a[of.layer - 1 - shift] if of.symbol == "a" else f.h[of.layer - shift]


def moved(f: cr.Forward, of: Quantity, wrt: str, i: int, where: tuple[int, ...], step: float) -> np.ndarray:
    """``of`` after one entry of ``wrt`` (of layer i) has been moved, by forward passes alone."""
    net, h = f.network, f.h[i].copy()
    if wrt == "W":
        weights = [W.copy() for W in net.weights]
        weights[i - 1][where] += step
        return read_value(dataclasses.replace(net, weights=weights).forward(f.x), of)
    if wrt in ("b", "a"):  # a_i moves as b_i does
        biases = [bias.copy() for bias in net.biases]
        biases[i - 1][where] += step
        return read_value(dataclasses.replace(net, biases=biases).forward(f.x), of)
    h[:, where] += step  # x, which is h_0, or h_i: the layers from i on are a network of their own
    if of == Quantity("h", i) or (of.symbol == "yhat" and i == net.depth):
        return h
    tail = cr.Network(net.weights[i:], net.biases[i:], net.hidden[i:], net.output, net.loss)
    return read_value(tail.forward(h), of, shift=i)


def differences(f: cr.Forward, of: Quantity, wrt: str, i: int, shape: tuple[int, ...]) -> np.ndarray:
    """Central differences of ``of`` by every entry of ``wrt``: (n, units of ``of``, *shape of ``wrt``)."""
    places = np.ndindex(shape)
    columns = [(moved(f, of, wrt, i, p, STEP) - moved(f, of, wrt, i, p, -STEP)) / (2 * STEP) for p in places]
    return np.moveaxis(columns, 0, -1).reshape(*columns[0].shape, *shape)


def ratios(depth: int) -> list[tuple[Quantity, str, int]]:
    """All (of, symbol and layer of wrt) where wrt does not come after of."""
    found = []
    for top in range(1, depth + 1):
        for of in (Quantity("a", top), Quantity("h", top) if top < depth else Quantity("yhat")):
            found += [(of, symbol, i) for i in range(1, top + 1) for symbol in "Wba"]
            found += [(of, "h", i) for i in range(1, top)] + [(of, "x", 0)]
            found += [(of, "h" if top < depth else "yhat", top)] if of.symbol != "a" else []
    return found


@each_batch
@each_depth
def test_every_local_derivative_is_the_difference_of_the_forward_pass(depth, n):
    f, b = passes(depth, n)
    checked = ratios(depth)
    assert len(checked) == {1: 9, 2: 26, 3: 51, 4: 84, 5: 125}[depth]
    for of, wrt, i in checked:
        name = f"d{of}/d{wrt}" + (f"_{i}" if wrt in "Wbah" else "")
        shape = f.network.weights[i - 1].shape if wrt == "W" else f.h[i].shape[1:]
        expected = differences(f, of, wrt, i, shape)
        for record in (f, b):
            found = record[name]
            assert found.shape == (expected.shape[1:] if n is None else expected.shape), name
            np.testing.assert_allclose(
                found, expected[0] if n is None else expected, rtol=1e-6, atol=1e-8, err_msg=name
            )


COMPONENTS = (
    "dyhat_1/da_21 dyhat_2/da_21 da_21/dW_212 dh_13/da_13 dyhat_1/dW_111 dyhat_2/dW_132 dyhat_2/dx_3 da_22/da_14"
)
PARTS = "da_22/db_13 dyhat_1/dx dyhat/dW_132 dyhat_1/dW_1 dz^2_1/dw^2_21 da^2_2/dw^1_23 da^1_3/dz^1_3 dz^2_2/da^1_1"


@each_batch
@pytest.mark.parametrize("text", [*COMPONENTS.split(), *PARTS.split()])
def test_a_component_of_a_local_derivative(text, n):
    f, _ = passes(2, n)
    name, _ = read(text)
    rows = [i - 1 for i in name.of.index] or [slice(None)]
    where = (*rows, *(i - 1 for i in name.wrt.index))
    whole = f[f"d{name.of.whole}/d{name.wrt.whole}"]
    np.testing.assert_allclose(f[text], whole[where if n is None else (slice(None), *where)], rtol=1e-12)
    assert np.abs(f[text]).min() > 1e-6  # nothing here is zero by accident


@each_batch
def test_delta_notation_transposes_the_weights_of_a_local_derivative(n):
    f, _ = passes(2, n)
    np.testing.assert_array_equal(f["dyhat/dw^1"], np.swapaxes(f["dyhat/dW_1"], -1, -2))


@each_batch
@each_depth
def test_the_chain_rule_through_yhat_gives_the_gradients(depth, n):
    _, b = passes(depth, n)
    for name in ["x", *(f"{symbol}_{i}" for symbol in "aWb" for i in range(1, depth + 1))]:
        grad_yhat, local = b["dL/dyhat"], b[f"dyhat/d{name}"]
        per_example = np.einsum("nk,nk...->n...", np.atleast_2d(grad_yhat), local[None] if n is None else local)
        expected = per_example.sum(axis=0) if name[0] in "Wb" or n is None else per_example
        np.testing.assert_allclose(b[f"dL/d{name}"], expected, rtol=1e-10, atol=1e-14, err_msg=name)
    for i in range(1, depth):
        through = np.matmul(b[f"dyhat/da_{i + 1}"], b[f"da_{i + 1}/dx"])
        np.testing.assert_allclose(through, b["dyhat/dx"], rtol=1e-10, atol=1e-14)


# ---------------------------------------------------------------- what is refused

REFUSED = {
    "ask the backward pass": ["L", "y_1", "dL/dW_212", "δ^2"],
    "which comes after it": ["da_1/da_2", "dh_1/dyhat", "da_1/dh_1", "da_1/dW_2", "dh_1/db_2"],
    "got dy": ["dL/dy", "dyhat/dy_1"],
    "a derivative of L, yhat, h_i or a_i": ["dx/dx", "dW_1/dx", "dy/dx"],
    "a_2 (2)": ["a_3", "z^7", "da_3/dx"],
    "W_212": ["gradient", "W 2 x"],
}


@pytest.mark.parametrize(("told", "name"), [(told, name) for told, names in REFUSED.items() for name in names])
def test_what_the_forward_pass_cannot_give(told, name):
    f, b = passes(2, None)
    with pytest.raises(cr.InputError, match=re.escape(told)):
        f[name]
    if "backward" not in told:
        with pytest.raises(cr.InputError, match=re.escape(told)):
            b[name]


@pytest.mark.parametrize("name", ["z^7", "w^2_99", "dL/da^9", "a_25", "dL/dW_215"])
def test_an_error_repeats_the_name_as_it_was_written(name):
    _, b = passes(2, None)
    with pytest.raises(cr.InputError, match=re.escape(name)):
        b[name]


@pytest.mark.parametrize("name", [0, None])
def test_a_name_is_text(name):
    for record in passes(2, None):
        with pytest.raises(cr.InputError, match="name"):
            record[name]


# ---------------------------------------------------------------- nothing can be changed


def writeable(arrays: dict[str, np.ndarray]) -> list[str]:
    return [name for name, array in arrays.items() if array.flags.writeable]


@each_batch
def test_arrays_that_a_name_gives_are_read_only(n):
    f, b = passes(3, n)
    other = ["dyhat/dx", "da_2/dW_1", "w^2", "δ^2", "dL/dw^1", "y"]
    assert writeable({name: b[name] for name in [*wholes(f), *gradients(b), *other]}) == []


@each_batch
@pytest.mark.parametrize("which", [0, 1], ids=["forward", "backward"])
def test_arrays_that_a_record_holds_are_read_only(which, n):
    record = passes(3, n)[which]
    names = ("a h x yhat", "y coefficients grad_a grad_h grad_W grad_b grad_yhat grad_x example_losses flat")[which]
    held = {name: getattr(record, name) for name in names.split()}
    parts = {name: part if isinstance(part, tuple) else (part,) for name, part in held.items()}
    assert writeable({f"{name}[{i}]": array for name, part in parts.items() for i, array in enumerate(part)}) == []


def test_records_are_frozen():
    f, b = passes(2, None)
    for record in (f, b, f.network):
        for field in dataclasses.fields(record):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(record, field.name, None)


def test_a_zero_of_the_outputs_derivative_is_positive():
    """gelu falls below about -0.75: 0 times its slope would be -0."""
    b = cr.Network([np.eye(2)], output="gelu", loss="half_squared_error").backward([-1.5, -2.0], [1, 0])
    assert b["dyhat_1/da_11"] < 0
    assert not np.signbit(b["dyhat_1/da_12"])
    assert not np.signbit(b["dyhat/da_1"][[0, 1], [1, 0]]).any()
