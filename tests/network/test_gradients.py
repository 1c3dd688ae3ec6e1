"""The gradient is the gradient of the loss that is reported: every loss, every output that fits it.

The numerical derivative here is a central difference of fourth order of the reported loss through the public
interface. Compared are one direction through all entries of every W_i, of every b_i and of x, and
two random entries of each case; ``check_gradients`` compares entries of every quantity besides.
Networks are drawn again until no unit is near a kink, so no tolerance makes up for one.
"""

from itertools import cycle, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.backward import loss_value
from chainrule.network.losses import LOSSES, REDUCTIONS
from chainrule.network.outputs import OUTPUTS
from chainrule.network.pairs import PAIRS
from tests.support import formulas
from tests.support.sample import draws, half
from tests.support.strategies import (
    LOSS_OUTPUT,
    Case,
    assert_agree,
    case_n,
    cases,
    gradients_of,
    loss_output_of,
    network_d_to_k,
    sums_of_paths,
)

STEP = 5e-4
MARGIN = 1e-2  # no unit is nearer to a bend than this: 20 steps
RTOL = 1e-8
ROUNDING = 64 * np.finfo(float).eps / STEP  # what rounding does to a difference of losses of size 1

#: where a function has a jump in its first or its second derivative
BENDS = {name: row.bend for name, row in ACTIVATIONS.items() if row.bend is not None}

#: the losses once more, from their definitions
DEFINITIONS = formulas.example_losses(np) | {
    "cross_entropy": lambda p, y: -np.sum(y * np.log(p), axis=1),
    "binary_cross_entropy": lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1),
    "squared_error": lambda p, y: np.sum((p - y) ** 2, axis=1),
    "half_squared_error": lambda p, y: 0.5 * np.sum((p - y) ** 2, axis=1),
    "mean_squared_error": lambda p, y: np.mean((p - y) ** 2, axis=1),
    "absolute_error": lambda p, y: np.sum(np.abs(p - y), axis=1),
    "huber": lambda p, y: np.sum(np.where(np.abs(p - y) <= 1, 0.5 * (p - y) ** 2, np.abs(p - y) - 0.5), axis=1),
    "poisson": lambda p, y: np.sum(p - y * np.log(p), axis=1),
    "identity": lambda p, y: p[:, 0],
}


def near_bend(case: Case) -> bool:
    """Whether a difference might cross a bend of an activation, of the output or of the loss."""
    f = case.network.forward(case.x)
    units = zip((*case.network.hidden, case.network.output), f.a, strict=True)
    near = any(np.abs(a - BENDS[name]).min() < MARGIN for name, a in units if name in BENDS)
    errors = f.yhat - case.targets
    return near or any(np.abs(errors - bend).min() < MARGIN for bend in case.network.loss_rule.bends)


def settled_case(seed: list[int], sizes: tuple[int, ...], n: int, weighted: bool, **rules: object) -> Case:
    """The first case from the seed that is away from all bends."""
    rng = np.random.default_rng(seed)
    for _ in range(1000):
        case = case_n(rng, network_d_to_k(rng, sizes, **rules), n, weighted)
        if not near_bend(case):
            return case
    raise AssertionError("no case away from the bends")


def difference(loss: object) -> float:
    """d loss / dt at 0, of fourth order."""
    far, near = (loss(2 * STEP) - loss(-2 * STEP)), (loss(STEP) - loss(-STEP))
    return (8 * near - far) / (12 * STEP)


def parameter_slices(network: chainrule.Network) -> list[slice]:
    ends = np.cumsum([p.size for pair in zip(network.weights, network.biases, strict=True) for p in pair])
    return [slice(start, end) for start, end in pairwise([0, *ends])]


def assert_is_numerical_gradient(case: Case, rng: np.random.Generator) -> None:
    """Directions through every parameter and every input, then two entries."""
    network, b = case.network, case.network.backward(*case.args)
    assert b["L"] == loss_value(network.forward(case.x), case.y, case.sample_weight)
    floor = ROUNDING * (1 + abs(b.L))
    whole = np.zeros(network.flat.size)

    def along(v: np.ndarray) -> float:
        moved = lambda t: network.with_flat(network.flat + t * v)  # noqa: E731
        return difference(lambda t: loss_value(moved(t).forward(case.x), case.y, case.sample_weight))

    for part in parameter_slices(network):
        v = whole.copy()
        v[part] = rng.uniform(0.5, 1.0, v[part].size) * rng.choice([-1, 1], v[part].size)
        v /= np.linalg.norm(v)
        terms = b.flat * v
        assert abs(terms.sum() - along(v)) <= RTOL * np.abs(terms).sum() + floor, (case, part)
    for entry in rng.integers(0, whole.size, 2):
        v = whole.copy()
        v[entry] = 1.0
        assert abs(b.flat[entry] - along(v)) <= RTOL * abs(b.flat[entry]) + floor, (case, entry)

    v = rng.normal(size=case.x.shape)
    v /= np.linalg.norm(v)
    numerical = difference(lambda t: loss_value(network.forward(case.x + t * v), case.y, case.sample_weight))
    terms = b["dL/dx"] * v
    assert abs(terms.sum() - numerical) <= RTOL * np.abs(terms).sum() + floor, case


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_the_gradient_is_the_numerical_gradient_of_the_reported_loss(loss, output):
    """With every k and every depth, and with each n once for each of these; one half of them goes with one pair."""
    names, sizes = cycle(ACTIVATIONS), (1, 2, 5)
    of_nine = list(enumerate(product((1, 2, 3), (1, 2, 4))))
    for number, (k, layers) in half(of_nine, loss, output):
        n = sizes[(number + number // 3) % 3]
        weighted, reduction = divmod(number % 4, 2)  # goes with each k, n and depth in turn
        if not LOSSES[loss].fits(OUTPUTS[output], k):
            continue
        hidden = [next(names) for _ in range(layers - 1)]
        rules = {"hidden": hidden, "output": output, "loss": loss, "reduction": REDUCTIONS[reduction]}
        case = settled_case([number, k], (2,) * layers + (k,), n, bool(weighted), **rules)
        assert_is_numerical_gradient(case, np.random.default_rng(number))
        checked = chainrule.check_gradients(case.network, *case.args, entries=2)
        assert checked.ok, f"{case}\n{checked}"


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
@draws(2)
@given(data=st.data())
def test_the_loss_is_the_weighted_mean_or_sum_of_its_definition(loss, output, data):
    case = data.draw(cases(loss_output_of(loss, output)))
    b = case.network.backward(*case.args)
    w = np.ones(b.forward.n) if case.sample_weight is None else case.sample_weight
    terms = w * DEFINITIONS[loss](b.forward.yhat, case.targets)
    scale = w.sum() if case.network.reduction == "mean" else 1.0
    floor = 8 * np.finfo(float).eps * np.abs(b.forward.yhat).max() * w.sum() / scale  # y log p where p is 1
    assert abs(b["L"] - terms.sum() / scale) <= 1e-13 * np.abs(terms).sum() / scale + floor


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_only_declared_pairs_take_a_shortcut(loss, output):
    k = 1 if loss == "identity" else 2
    network = chainrule.Network([np.eye(k)], None, output=output, loss=loss)
    args = np.full(k, 0.5), np.full(k, 0.5)
    assert network.backward(*args).shortcut is PAIRS.get((loss, output))
    assert network.backward(*args, shortcuts=False).shortcut is None


@pytest.mark.parametrize(("loss", "output"), PAIRS)
@draws(2)
@given(data=st.data())
def test_the_shortcut_equals_the_general_path_with_its_full_jacobian(loss, output, data):
    case = data.draw(cases(loss_output_of(loss, output)))
    short, general = case.network.backward(*case.args), case.network.backward(*case.args, shortcuts=False)
    assert short.L == general.L
    assert_agree(gradients_of(short), gradients_of(general), 1e-11, sums_of_paths(general))


@pytest.mark.parametrize(("loss", "output"), LOSS_OUTPUT)
def test_float32_stays_float32_and_agrees_with_float64(loss, output):
    for seed, (n, weighted) in half(list(enumerate(product((1, 4), (False, True)))), loss, output):
        reduction = REDUCTIONS[(n == 1) == weighted]  # goes with each n, and with weights and without
        hidden = np.random.default_rng(seed).permutation(list(ACTIVATIONS))[:3].tolist()
        k = 1 if loss == "identity" else 3
        rules = {"hidden": hidden, "output": output, "loss": loss, "reduction": reduction}
        case = settled_case([seed], (3, 4, 3, 4, k), n, weighted, **rules)
        narrow = case.network.astype(np.float32)
        b, wide = narrow.backward(*case.args), narrow.astype(np.float64).backward(*case.args)
        ours = gradients_of(b)
        rounded = {name: array.astype(np.float32) for name, array in gradients_of(wide).items()}
        assert_agree(ours, rounded, 2e-5, sums_of_paths(wide))
        general = gradients_of(narrow.backward(*case.args, shortcuts=False))
        assert {array.dtype for array in (*ours.values(), *general.values())} == {np.dtype("float32")}
        assert {part.dtype for part in (*b.forward.a, *b.forward.h, b.y, b.coefficients)} == {np.dtype("float32")}
        assert b["dyhat/dx"].dtype == narrow.step(b, 0.1).dtype == np.float32
        assert abs(b.L - wide.L) <= 1e-5 * abs(wide.L)
        assert chainrule.check_gradients(narrow, *case.args, entries=4).ok


@pytest.mark.parametrize("form", ["component", "vector", "batch"])
def test_the_forms_of_a_float32_network_are_float32(form):
    network = chainrule.Network.random([2, 3, 2], seed=0, dtype="float32")
    found = chainrule.gradients(network, [[1.0, 2.0], [0.5, -1.0]], [0, 1], form=form)
    assert {name: array.dtype for name, array in found.items()} == dict.fromkeys(found, np.dtype("float32"))
