"""The gradient check itself: its two methods, kinks, samples, tolerances, messages. Mistakes are in test_planted."""

import numpy as np
import pytest

import chainrule
from chainrule import InputError, Network, check_gradients
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES, REDUCTIONS
from chainrule.network.outputs import OUTPUTS
from tests.support.sample import half
from tests.support.strategies import LOSS_OUTPUT, UNITS, case_n, network_d_to_k

METHODS = ["complex", "central"]


def drawn_case(seed):
    """A network of any shape and any rules, with examples."""
    rng = np.random.default_rng(seed)
    loss, output = LOSS_OUTPUT[seed % len(LOSS_OUTPUT)]
    k = rng.choice([k for k in UNITS if LOSSES[loss].fits(OUTPUTS[output], k)])
    sizes = (*rng.integers(1, 6, rng.integers(1, 6)).tolist(), int(k))
    hidden = rng.choice(list(ACTIVATIONS), len(sizes) - 2).tolist()
    network = network_d_to_k(rng, sizes, hidden, output, loss, REDUCTIONS[seed % 2])
    return case_n(rng, network, int(rng.integers(1, 6)), seed % 3 == 0)


# ---------------------------------------------------------------- a right pass is found right


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("part", range(4))
def test_nothing_is_wrong_with_a_right_pass(part, method):
    central = method == "central"  # many times slower
    for seed in half(range(part, len(LOSS_OUTPUT) * (1 if central else 2), 4), method, str(part)):
        case = drawn_case(seed)
        found = check_gradients(case.network, *case.args, method=method, entries=8 if central else 500)
        assert found.ok, f"seed {seed}: {case}\n{found}"


def test_both_methods_compare_the_same_entries_and_find_the_same_numbers():
    network = Network.random([3, 4, 2], "tanh", seed=1)
    wrong = {"dL/dW_1": np.ones((4, 3)), "dL/db_2": np.ones(2)}
    x, y = np.random.default_rng(1).normal(size=(5, 3)), [0, 1, 1, 0, 1]
    one, other = (check_gradients(network, x, y, gradients=wrong, method=method) for method in METHODS)
    assert (one.method, other.method) == ("complex", "central")
    b = network.backward(x, y)
    for found, tolerance in ((one, 1e-13), (other, 1e-8)):
        for entry in found.wrong:
            assert entry.backward == 1.0
            assert entry.numerical == pytest.approx(b[entry.name], rel=tolerance)
    assert {entry.name for entry in one.wrong} == {entry.name for entry in other.wrong}
    assert len(one.wrong) == 14


def test_central_differences_allow_for_the_rounding_of_a_large_loss():
    """L = 1e4 and dL/da = -4e-7: rounding of L, over the step, is larger than the tolerance."""
    network = Network([[[1.0]]], None, output="sigmoid", loss="squared_error")
    for logit in np.linspace(-21, -19, 20):
        found = check_gradients(network, [logit], [100.0], method="central")
        assert found.ok, f"logit {logit}\n{found}"


@pytest.mark.parametrize("logit", [-8e-4, -2e-3, 8e-4, 1e-2])
def test_central_differences_keep_to_one_side_of_the_bend_of_elu(logit):
    network = Network([[[1.0]]], None, output="elu", loss="half_squared_error")
    found = check_gradients(network, [logit], [1.0], method="central")
    assert found.ok, found


@pytest.mark.parametrize("beyond", [-8e-4, -2e-3, 8e-4, 1e-2])
def test_central_differences_keep_to_one_side_of_the_bend_of_huber(beyond):
    network = Network([[[1.0]]], None, output="identity", loss="huber")
    found = check_gradients(network, [1.0 + beyond], [0.0], method="central")
    assert found.ok, found


@pytest.mark.parametrize("logit", [0.5, 7.0, 20.0])
def test_a_gradient_that_softmax_cancels_is_0_within_rounding(logit):
    """Both errors have one sign, so dL/dyhat is (-1, -1), which softmax takes to 0."""
    network = Network([[[1.0], [0.0]], [[1.0, 0.3], [-0.7, 0.4]]], None, "identity", "softmax", "absolute_error")
    for x in np.linspace(logit, logit + 0.1, 10):
        found = check_gradients(network, [x], [2.0, 2.0])
        assert found.ok, f"x {x}\n{found}"


# ---------------------------------------------------------------- kinks


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu"])
def test_a_unit_on_a_kink_is_counted_and_its_convention_agrees(hidden):
    network = Network([[[1.0], [1.0]], [[1.0, 2.0]]], [[0.0, 1.0], [0.0]], hidden, "identity", "half_squared_error")
    found = check_gradients(network, [[0.0], [2.0]], [1.0, 1.0])
    assert found.ok
    assert found.at_kink == 1
    assert "exactly on a kink: there the stated convention is what is compared" in str(found)
    assert check_gradients(network, [[0.5], [2.0]], [1.0, 1.0]).at_kink == 0


def test_a_central_difference_across_a_kink_is_reported_as_such_and_not_as_wrong():
    network = Network([[[1.0], [1.0]], [[1.0, 2.0]]], [[0.0, 1.0], [0.0]], "relu", "identity", "half_squared_error")
    found = check_gradients(network, [0.0], [1.0], method="central")
    assert found.ok
    assert found.at_kink == 1
    crossing = {entry.name for q in found.quantities for entry in q.kinks}
    assert crossing == {"dL/da_11", "dL/db_11", "dL/dx_1"}
    assert found["dL/da_1"].direction == "crosses a kink"
    assert found["dL/da_2"].kinks == ()
    assert [entry.example for entry in found["dL/da_1"].kinks] == [1]
    assert "cross a kink: neither right nor wrong" in str(found)


def test_a_kink_of_the_loss_and_of_the_output_are_kinks_too():
    at_loss = Network([[[1.0]]], None, output="identity", loss="absolute_error")
    at_output = Network([[[1.0]]], None, output="relu", loss="half_squared_error")
    for network, x, y in ((at_loss, [2.0], [2.0]), (at_output, [0.0], [1.0])):
        assert check_gradients(network, x, y).ok
        found = check_gradients(network, x, y, method="central")
        assert found.ok
        assert found.at_kink == 1
        assert found["dL/da_1"].kinks


def test_a_step_beside_a_kink_is_taken_shorter():
    network = Network([[[1.0]], [[1.0]]], None, "relu", "identity", "half_squared_error")
    for distance in (1e-2, -1e-2, 1e-4, -1e-4):
        found = check_gradients(network, [distance], [1.0], method="central")
        assert found.ok
        assert found["dL/da_1"].kinks == ()
        assert found["dL/da_1"].direction == "agrees"
    wrong = check_gradients(network, [1e-4], [1.0], gradients={"dL/da_1": [0.5]}, method="central")
    assert not wrong.ok


def test_a_wrong_entry_beside_entries_that_cross_a_kink_is_still_wrong():
    network = Network([[[1.0], [1.0]], [[1.0, 2.0]]], [[0.0, 1.0], [0.0]], "relu", "identity", "half_squared_error")
    gradient = network.backward([0.0], [1.0])["dL/da_1"] * [1.0, -1.0]
    found = check_gradients(network, [0.0], [1.0], gradients={"dL/da_1": gradient}, method="central")
    assert [entry.name for entry in found.wrong] == ["dL/da_12"]


# ---------------------------------------------------------------- tolerance, samples, order


def test_the_tolerance_is_relative_and_depends_on_the_dtype():
    wide, narrow = (Network.random([3, 4, 2], seed=0, dtype=dtype) for dtype in ("float64", "float32"))
    x, y = np.random.default_rng(0).normal(size=(4, 3)), [0, 1, 1, 0]
    assert check_gradients(wide, x, y).tolerance == 1e-7
    assert check_gradients(narrow, x, y).tolerance == 1e-3
    assert check_gradients(narrow, x, y).ok
    for network, error in ((wide, 3e-7), (narrow, 3e-3)):
        gradient = network.backward(x, y)["dL/dW_1"].astype(float)
        for factor, right in ((1 + error / 10, True), (1 + error, False)):
            given = {"dL/dW_1": gradient * factor}
            assert check_gradients(network, x, y, gradients=given).ok is right
        assert check_gradients(network, x, y, gradients={"dL/dW_1": gradient * (1 + error)}, tolerance=2 * error).ok


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_error_that_is_told_is_relative(scale):
    weights = [[[0.3, -0.2], [0.1, 0.4]], [[0.5, -0.7]]]
    network = Network(weights, hidden="tanh", output="identity", loss="identity", reduction="sum")
    x, y = np.random.default_rng(0).normal(size=(3, 2)), np.zeros((3, 1))
    gradient = network.backward(x, y, [scale] * 3)["dL/dW_1"].copy()
    gradient[1, 0] *= 1.25
    found = check_gradients(network, x, y, sample_weight=[scale] * 3, gradients={"dL/dW_1": gradient})
    (wrong,) = found.wrong
    assert wrong.name == "dL/dW_121"
    assert wrong.relative_error == pytest.approx(0.2, rel=1e-5)
    assert found["dL/dW_1"].max_relative_error == pytest.approx(0.2, rel=1e-5)


def test_of_a_large_quantity_a_sample_is_compared_and_said():
    network = Network.random([40, 20, 2], "tanh", seed=0)
    x, y = np.random.default_rng(0).normal(size=(2, 40)), [0, 1]
    found = check_gradients(network, x, y, entries=30)
    assert (found["dL/dW_1"].size, found["dL/dW_1"].checked) == (800, 30)
    assert (found["dL/db_1"].size, found["dL/db_1"].checked) == (20, 20)
    row = next(line for line in str(found).splitlines() if line.startswith("dL/dW_1"))
    assert row.split()[:4] == ["dL/dW_1", "800", "30", "agrees"]
    assert check_gradients(network, x, y)["dL/dW_1"].checked == 500


def test_a_wrong_entry_outside_the_sample_is_found_by_the_direction():
    network = Network.random([40, 20, 2], "tanh", seed=0)
    x, y = np.random.default_rng(0).normal(size=(2, 40)), [0, 1]
    gradient = network.backward(x, y)["dL/dW_1"].copy()
    gradient[7, 12] *= 1.01
    for seed in range(5):
        found = check_gradients(network, x, y, gradients={"dL/dW_1": gradient}, entries=1, seed=seed)
        assert [entry.name for entry in found.wrong] == ["dL/dW_1,8,13"]
        assert found["dL/dW_1"].direction == "differs"


def test_a_flipped_sign_is_found_however_small_the_entry_is():
    """One column of the gradient is 1e-8 of the others: far above the rounding floor."""
    network = Network.random([300, 20, 2], "tanh", seed=0)
    x, y = np.random.default_rng(0).normal(size=(1, 300)), [0]
    x[0, 25] = 1e-8
    gradient = network.backward(x, y)["dL/dW_1"].copy()
    gradient[13, 25] *= -1
    for entries in (20, 6_000):
        found = check_gradients(network, x, y, gradients={"dL/dW_1": gradient}, entries=entries)
        assert [entry.name for entry in found.wrong] == ["dL/dW_1,14,26"], f"{entries} entries compared"


def test_the_order_is_from_the_output_back_to_the_input():
    general = Network.random([2, 3, 2], seed=0, loss="squared_error")
    names = [q.name for q in check_gradients(general, [1, 2], 0).quantities]
    order = ["dL/dyhat", "dL/da_2", "dL/dW_2", "dL/db_2", "dL/dh_1", "dL/da_1", "dL/dW_1", "dL/db_1", "dL/dx"]
    assert names == order


def test_given_gradients_are_put_in_the_order_of_the_way_back():
    network = Network.random([2, 3, 2], seed=0)
    wrong = {name: 2 * gradient for name, gradient in chainrule.gradients(network, [1, 2], 0).items()}
    for names in (list(wrong), list(wrong)[::-1]):
        found = check_gradients(network, [1, 2], 0, gradients={name: wrong[name] for name in names})
        assert {q.name for q in found.quantities} == set(names)
        assert found.first_wrong == "dL/da_2", names


def test_gradients_may_be_given_in_delta_notation():
    network = Network.random([2, 3, 2], seed=0)
    b = network.backward([1, 2], 0)
    right = {"dL/dw^1": b["dL/dW_1"].T, "δ^2": b["dL/da_2"]}
    assert check_gradients(network, [1, 2], 0, gradients=right).ok
    found = check_gradients(network, [1, 2], 0, gradients={"dL/dw^1": -b["dL/dW_1"].T})
    assert found.first_wrong == "dL/dW_1"


def test_progress_is_told_for_every_quantity():
    told = []
    network = Network.random([2, 3, 2], seed=0)
    found = check_gradients(network, [1, 2], 0, progress=lambda *step: told.append(step))
    for q in found.quantities:
        assert [step[1:] for step in told if step[0] == q.name] == [(i, q.checked) for i in range(q.checked + 1)]


# ---------------------------------------------------------------- what it says


def test_it_prints_what_differs():
    network = Network.random([2, 3, 2], seed=0)
    gradient = network.backward([[1, 2]], [0])["dL/da_1"].copy()
    gradient[0, 1] = 2.0
    found = check_gradients(network, [[1, 2]], [0], gradients={"dL/da_1": gradient})
    text = str(found)
    right = network.backward([1, 2], 0)["dL/da_12"]
    assert f"dL/da_12 of example 1: backward pass 2, numerical {right:.10g}" in text
    assert "1 differ" in text
    assert text.splitlines()[0] == "gradient check: complex step, relative tolerance 1e-07, seed 0"
    assert text.splitlines()[-1] == "first to differ on the way back: dL/da_1"
    assert str(check_gradients(network, [1, 2], 0)).splitlines()[-1] == "every gradient agrees"
    with pytest.raises(InputError, match="one of dL/da_1; got 'dL/dW_1'"):
        found["dL/dW_1"]


X, Y = [[1.0, 2.0]], [0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "forward"}, "method: expected complex or central; got 'forward'"),
        ({"gradients": {"dL/dW_3": [[1.0]]}}, "layer 3"),
        ({"gradients": {"dL/dW_111": 1.0}}, "the whole of a gradient, such as dL/dW_1"),
        ({"gradients": {"a_1": [[1.0, 2.0, 3.0]]}}, "the whole of a gradient, such as dL/dW_1"),
        ({"gradients": {"dyhat/da_2": [[1.0]]}}, "a gradient of L, such as dL/dW_1"),
        ({"gradients": {"W_1": [[1.0]]}}, r"W_1: expected shape \(3, 2\) of dL/dW_1; got shape \(1, 1\)"),
        ({"gradients": {"gradient": [[1.0]]}}, "expected a gradient of L, such as"),
        ({"gradients": {"dL/dW_1": np.ones((2, 2))}}, r"dL/dW_1: expected shape \(3, 2\); got shape \(2, 2\)"),
        ({"gradients": {"dL/da_1": np.ones(2)}}, r"dL/da_1: expected shape \(1, 3\); got shape \(2,\)"),
        ({"gradients": {"dL/db_1": [1.0, np.nan, 0.0]}}, "dL/db_1: expected finite numbers"),
        ({"gradients": {"dL/db_1": ["a", "b", "c"]}}, "dL/db_1: expected real numbers"),
        ({"entries": -1}, "entries: expected"),
        ({"tolerance": -1e-7}, "tolerance: expected"),
        ({"tolerance": float("nan")}, "tolerance: expected"),
        ({"seed": -1}, "seed: expected"),
        ({"gradients": {}}, "gradients: expected"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(InputError, match=message):
        check_gradients(Network.random([2, 3, 2], seed=0), X, Y, **options)


def test_a_loss_that_is_not_finite_is_not_differentiated():
    network = Network([[[1.0]]], None, output="identity", loss="squared_error")
    with np.errstate(over="ignore"), pytest.raises(InputError, match="L: expected a finite loss to differentiate"):
        check_gradients(network, [1e200], [0.0])
