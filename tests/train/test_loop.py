"""The loop around the engine: epochs, schedules, callbacks, checkpoints, divergence, interrupts."""

import csv
import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.native import library as native
from chainrule.train import epochs
from chainrule.train.callbacks import Callback, EarlyStopping, Health, History
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.engines import start
from chainrule.train.health import Finding, LayerHealth, findings
from chainrule.train.loop import fit
from chainrule.train.metrics import r_squared
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe
from chainrule.train.records import Epoch, Outcome
from chainrule.train.schedules import SCHEDULES, Schedule
from tests.support.epochs import ends_in, interrupt
from trials.resealed import sealed


@pytest.fixture
def blobs(rng):
    """Three classes that a small network learns, and 40 more rows of them."""
    centres = rng.normal(size=(3, 5)) * 2
    y = rng.integers(0, 3, 240)
    x = centres[y] + rng.normal(size=(240, 5))
    return Rows(x[:200], y[:200]), Rows(x[200:], y[200:])


@pytest.fixture
def net():
    return cr.Network.random((5, 8, 3), "tanh", seed=1)


# ---------------------------------------------------------------- the loop


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_it_learns_and_says_what_each_epoch_gave(engine, blobs, net):
    rows, held = blobs
    fitted = fit(net, rows, Recipe(optimizer("adam", 0.01), engine=engine), epochs=8, validation=held)
    first, last = fitted.history[0], fitted.history[-1]
    assert [epoch.number for epoch in fitted.history] == list(range(1, 9))
    assert last.loss < first.loss
    assert last.validation_loss < first.validation_loss
    assert last.accuracy > 0.8
    assert last.validation_score > 0.7
    assert last.seconds > first.seconds > 0
    assert [row.units for row in last.health] == [8, 3]
    b = fitted.network.backward(held.x, held.y)
    np.testing.assert_allclose(last.validation_loss, b.L)
    assert fitted.stopped is None
    assert fitted.said == ""


def test_the_loss_of_an_epoch_is_that_of_its_minibatches(blobs, net):
    """With a learning rate of next to nothing: the loss of the network itself, with the penalty."""
    rows, _ = blobs
    recipe = Recipe(optimizer("sgd", 1e-12), batch_size=32, l2=0.5)
    fitted = fit(net, rows, recipe, epochs=1)
    squares = sum((W**2).sum() for W in net.weights)
    batches = [32] * 6 + [8]
    penalty = sum(n / 200 * 0.5 * 0.5 / n * squares for n in batches)
    np.testing.assert_allclose(fitted.history[0].loss, net.backward(rows.x, rows.y).L + penalty, rtol=1e-9)


def test_a_run_in_pieces_is_the_run_in_one(blobs, net, monkeypatch):
    """Ctrl-C is heard between the pieces; they change nothing but the sum of the losses in its last digit."""
    rows, _ = blobs
    recipe = Recipe(optimizer("adam"), batch_size=16, dropout=0.2, schedule=Schedule("cosine", epochs=3))
    whole = fit(net, rows, recipe, epochs=3)
    monkeypatch.setattr(epochs, "STEPS_PER_CALL", 2)
    pieces = fit(net, rows, recipe, epochs=3)
    assert np.array_equal(whole.network.flat, pieces.network.flat)
    np.testing.assert_allclose([e.loss for e in whole.history], [e.loss for e in pieces.history], rtol=1e-12)
    assert [e.accuracy for e in whole.history] == [e.accuracy for e in pieces.history]


def test_another_seed_is_another_order(blobs, net):
    flats = [fit(net, blobs[0], Recipe(seed=seed), epochs=1).network.flat for seed in (1, 1, 2)]
    assert np.array_equal(flats[0], flats[1])
    assert not np.array_equal(flats[0], flats[2])
    still = [fit(net, blobs[0], Recipe(seed=seed, shuffle=False), epochs=1).network.flat for seed in (1, 2)]
    assert np.array_equal(still[0], still[1])


def test_going_on_from_a_state_keeps_the_moments(blobs, net):
    recipe = Recipe(optimizer("adam"), shuffle=False)
    both = fit(net, blobs[0], recipe, epochs=2)
    one = fit(net, blobs[0], recipe, epochs=1)
    two = fit(one.network, blobs[0], recipe, epochs=1, state=one.state)
    assert np.array_equal(both.network.flat, two.network.flat)
    without = fit(one.network, blobs[0], recipe, epochs=1)
    assert not np.array_equal(both.network.flat, without.network.flat)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_divergence_is_said_with_its_layer_and_the_last_good_network_kept(engine, blobs):
    rows, _ = blobs
    net = cr.Network.random((5, 8, 8, 3), "leaky_relu", "identity", "squared_error", seed=1)
    targets = Rows(rows.x, np.ones((200, 3)))
    fitted = fit(net, targets, Recipe(optimizer("sgd", 3.0), engine=engine), epochs=5)
    assert fitted.stopped == "diverged"
    assert (fitted.outcome.kind, fitted.outcome.epoch) == ("diverged", 1)
    assert "diverged in epoch 1" in fitted.said
    assert "at layer" in fitted.said
    assert "learning rate below 3" in fitted.said
    assert np.array_equal(fitted.network.flat, net.flat)
    assert fitted.history == ()


def test_ctrl_c_keeps_the_best_so_far(blobs, net, monkeypatch):
    rows, held = blobs
    ends_in(monkeypatch, 5, interrupt)
    fitted = fit(net, rows, Recipe(optimizer("adam", 0.01)), epochs=9, validation=held, callbacks=[EarlyStopping()])
    assert fitted.stopped == "interrupted"
    assert len(fitted.history) == 4
    best = int(np.argmin([epoch.validation_loss for epoch in fitted.history]))
    again = fit(net, rows, Recipe(optimizer("adam", 0.01)), epochs=4) if best == 3 else None
    assert fitted.state is None
    np.testing.assert_allclose(fitted.network.backward(held.x, held.y).L, fitted.history[best].validation_loss)
    assert again is None or again.history


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"batch_size": 0}, "batch size"), ({"seed": -1}, "seed"), ({"l2": -1.0}, "l2"), ({"l2": np.nan}, "l2"),
        ({"dropout": 1.0}, "dropout"), ({"dropout": (0.1, 0.2)}, "dropout"), ({"engine": "gpu"}, "engine"),
        ({"threads": 0}, "threads"),
    ],
)  # fmt: skip
def test_a_recipe_that_does_not_fit(keywords, says, blobs, net):
    with pytest.raises(InputError, match=says):
        fit(net, blobs[0], Recipe(**keywords), epochs=1)


def test_no_epochs_and_no_rows_are_refused(blobs, net):
    with pytest.raises(InputError, match="epochs"):
        fit(net, blobs[0], Recipe(), epochs=0)
    with pytest.raises(InputError, match="at least one example"):
        fit(net, Rows(np.zeros((0, 5)), np.zeros(0, np.int64)), Recipe(), epochs=1)


def test_r_squared_is_scikit_learns(rng):
    from sklearn.metrics import r2_score

    net = cr.Network.random((4, 6, 2), "tanh", "identity", "squared_error", seed=1)
    x, weight = rng.normal(size=(30, 4)), rng.uniform(0, 2, 30)
    y = net.forward(x)["yhat"] + rng.normal(size=(30, 2))
    np.testing.assert_allclose(r_squared(net, Rows(x, y)), r2_score(y, net.forward(x)["yhat"]))
    expected = r2_score(y, net.forward(x)["yhat"], sample_weight=weight)
    np.testing.assert_allclose(r_squared(net, Rows(x, y, weight)), expected)


# ---------------------------------------------------------------- optimizers and schedules


def test_adam_is_the_algorithm_of_its_paper(blobs, net):
    """Kingma & Ba 2015, Algorithm 1, written out with corrected moments."""
    rows, _ = blobs
    fitted = fit(net, rows, Recipe(optimizer("adam", 0.01, epsilon=1e-12), batch_size=50, shuffle=False), epochs=1)
    theta, m, v = net.flat.copy(), 0.0, 0.0
    for t in range(1, 5):
        part = slice(50 * (t - 1), 50 * t)
        g = net.with_flat(theta).backward(rows.x[part], rows.y[part]).flat
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-12)
    np.testing.assert_allclose(fitted.network.flat, theta, rtol=1e-7, atol=1e-9)


def test_adamw_takes_its_decay_from_the_weights_alone(blobs, net):
    rows, _ = blobs
    plain = fit(net, rows, Recipe(optimizer("adam", 0.01), batch_size=200), epochs=1).network
    decayed = fit(net, rows, Recipe(optimizer("adamw", 0.01, weight_decay=0.5), batch_size=200), epochs=1).network
    for i in range(2):
        np.testing.assert_allclose(decayed.weights[i], plain.weights[i] - 0.005 * net.weights[i], atol=1e-12)
        np.testing.assert_allclose(decayed.biases[i], plain.biases[i], atol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        (Schedule(), 3.0, 1.0), (Schedule("cosine", epochs=10), 5.0, 0.5), (Schedule("cosine", epochs=10), 12.0, 0.0),
        (Schedule("linear", epochs=4), 1.0, 0.75), (Schedule("exponential", factor=0.5), 2.0, 0.25),
        (Schedule("step", factor=0.1, every=3), 6.5, 0.01), (Schedule("invscaling", power=0.5), 3.0, 0.5),
        (Schedule("constant", warmup=4), 1.0, 0.25),
    ],
)  # fmt: skip
def test_schedules(schedule, at, expected):
    np.testing.assert_allclose(schedule.multipliers(np.array([at])), expected, atol=1e-9)


def test_the_schedule_reaches_the_steps(blobs, net):
    history = fit(net, blobs[0], Recipe(optimizer("sgd", 0.1), schedule=Schedule("linear", epochs=4)), epochs=4).history
    rates = [epoch.learning_rate for epoch in history]
    assert rates[0] < 0.1
    assert all(a > b for a, b in pairwise(rates))
    assert rates[-1] < 0.005


def test_unknown_names_and_numbers_are_refused():
    with pytest.raises(InputError, match="schedule"):
        Schedule("noodle")
    with pytest.raises(InputError, match="warmup"):
        Schedule(warmup=-1)
    with pytest.raises(InputError, match="momentum"):
        optimizer("momentum", momentum=1.5)
    with pytest.raises(InputError, match="setting"):
        optimizer("adam", gamma=1.5)
    assert set(SCHEDULES) == {"constant", "cosine", "linear", "exponential", "step", "invscaling"}


# ---------------------------------------------------------------- callbacks


def test_early_stopping_ends_with_the_best(blobs, net):
    rows, held = blobs
    stop = EarlyStopping(patience=3, tol=0.0)
    recipe = Recipe(optimizer("adam", 0.1), batch_size=8)
    fitted = fit(net, rows, recipe, epochs=200, validation=held, callbacks=[stop])
    losses = [epoch.validation_loss for epoch in fitted.history]
    assert fitted.stopped == "early"
    assert len(losses) < 200
    best = int(np.argmin(losses))
    assert len(losses) == best + 5  # four without improvement are one too many
    np.testing.assert_allclose(fitted.network.backward(held.x, held.y).L, losses[best], rtol=1e-9)
    assert "validation loss did not improve" in fitted.said
    last = fit(
        net,
        rows,
        recipe,
        epochs=200,
        validation=held,
        callbacks=[EarlyStopping(patience=3, tol=0.0, restore_best=False)],
    )
    assert not np.array_equal(last.network.flat, fitted.network.flat)


def test_early_stopping_needs_what_it_watches(blobs, net):
    with pytest.raises(InputError, match="validation rows"):
        fit(net, blobs[0], Recipe(), epochs=3, callbacks=[EarlyStopping()])
    with pytest.raises(InputError, match="watch"):
        EarlyStopping("accuracy")


class Diary(Callback):
    def __init__(self, stop=None):
        self.told, self.stop = [], stop

    def on_fit_begin(self, run):
        self.told.append("begin")

    def on_epoch_end(self, run):
        self.told.append(run.history[-1].number)
        return run.history[-1].number == self.stop

    def on_fit_end(self, run, fitted):
        self.told.append(fitted.stopped)


def test_callbacks_are_told_and_may_stop(blobs, net):
    diary = Diary(stop=3)
    fitted = fit(net, blobs[0], Recipe(), epochs=9, callbacks=[diary])
    assert diary.told == ["begin", 1, 2, 3, "early"]
    assert len(fitted.history) == 3


def test_a_custom_scorer_is_the_validation_score(blobs, net):
    history = fit(net, blobs[0], Recipe(), epochs=2, scorer=lambda network: float(network.weights[0][0, 0])).history
    assert history[1].validation_score != history[0].validation_score
    assert history[0].validation_loss is None


def test_history_files(blobs, net, tmp_path):
    files = [History(tmp_path / "h.csv"), History(tmp_path / "h.jsonl")]
    fitted = fit(net, blobs[0], Recipe(), epochs=3, validation=blobs[1], callbacks=files)
    with open(tmp_path / "h.csv", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["loss"]) for line in lines] == [epoch.loss for epoch in fitted.history]
    told = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert [line["validation_loss"] for line in told] == [epoch.validation_loss for epoch in fitted.history]
    assert told[0]["health"][0]["units"] == 8
    with pytest.raises(InputError, match=r"\.csv or \.jsonl"):
        History(tmp_path / "h.txt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_a_history_goes_through_a_pipe_and_leaves_it_one(blobs, net, tmp_path):
    os.mkfifo(tmp_path / "h.csv")
    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit((tmp_path / "h.csv").read_text)
        log = History(tmp_path / "h.csv")
        fit(net, blobs[0], Recipe(), epochs=3, callbacks=[log])
        assert len(reader.result(timeout=10).splitlines()) == 4
        assert (tmp_path / "h.csv").is_fifo()
        pickle.dumps(log)
        gone = threads.submit(lambda: open(tmp_path / "h.csv", "rb").close())
        with pytest.raises(InputError, match=r"history .*h\.csv: expected a file that can be written; got Broken pipe"):
            fit(net, blobs[0], Recipe(), epochs=200_000, callbacks=[log])
        gone.result(timeout=10)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
def test_a_history_on_a_full_device_is_one_sentence(blobs, net, tmp_path):
    (tmp_path / "h.jsonl").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"history .*: expected a file that can be written; got No space left"):
        fit(net, blobs[0], Recipe(), epochs=3, callbacks=[History(tmp_path / "h.jsonl")])


# ---------------------------------------------------------------- health


def test_dead_units_are_found_in_words(blobs):
    rows, _ = blobs
    net = cr.Network.random((5, 8, 3), "relu", seed=1)
    dead = net.biases[0].copy()
    dead[:6] = -1000.0
    sick = cr.Network(net.weights, [dead, net.biases[1]], "relu")
    watch = Health()
    fitted = fit(sick, rows, Recipe(optimizer("sgd", 1e-3)), epochs=2, callbacks=[watch])
    assert fitted.history[0].health[0].dead == 6
    assert any("layer 1: 6 of 8 units are never active" in sentence for _, sentence in watch.found)
    assert any("leaky_relu" in sentence for _, sentence in watch.found)
    well = Health()
    fit(net, rows, Recipe(optimizer("sgd", 1e-2)), epochs=2, callbacks=[well])
    assert well.found == []


def test_saturated_units_are_found_in_words(blobs):
    rows, _ = blobs
    net = cr.Network.random((5, 8, 3), "tanh", seed=1)
    watch = Health()
    big = cr.Network([net.weights[0] * 100, net.weights[1]], None, "tanh")
    fitted = fit(big, rows, Recipe(optimizer("sgd", 1e-3)), epochs=1, callbacks=[watch])
    assert fitted.history[0].health[0].saturated > 0.9
    assert any("tanh units' values are saturated" in sentence for _, sentence in watch.found)


def test_dropout_is_not_taken_for_saturation(blobs, net):
    fitted = fit(net, blobs[0], Recipe(dropout=0.8), epochs=1)
    assert fitted.history[0].health[0].saturated < 0.1


@pytest.mark.parametrize(
    ("change", "says"),
    [({"update_ratio": 0.5}, "lower the learning rate"), ({"update_ratio": 1e-9}, "raise the learning rate")],
)
def test_steps_that_are_too_large_or_too_small(net, change, says):
    well = {"layer": 1, "units": 8, "grad_norm": 1.0, "update_ratio": 1e-3, "dead": 0, "saturated": 0.0}
    rows = [LayerHealth(**well), LayerHealth(**{**well, "layer": 2, "units": 3})]
    assert findings(net, rows) == []
    assert says in str(findings(net, [LayerHealth(**{**well, **change}), rows[1]])[0])


def test_a_gradient_that_vanishes_is_named():
    net = cr.Network.random((3, 4, 4, 4, 2), "sigmoid", seed=0)
    rows = [LayerHealth(i, 4, norm, 1e-3, 0, 0.0) for i, norm in enumerate([1e-6, 1e-4, 1e-2, 1.0], 1)]
    assert any("vanishes" in str(finding) for finding in findings(net, rows))


WORDS = {
    "dead": "layer 2: 6 of 8 units are never active; lower the learning rate or use leaky_relu",
    "saturated": "layer 2: 50% of its relu units' values are saturated; standardise the inputs, or lower the learning "
    "rate",
    "large step": "layer 2: a step changes the weights by 50%; lower the learning rate",
    "small step": "layer 2: a step changes the weights by 5e-01 only; raise the learning rate",
    "vanishing": "layer 2: its gradient is 5e-01 of the largest layer's: it vanishes on the way back; use relu, or "
    "fewer layers",
}


@pytest.mark.parametrize("kind", WORDS)
def test_a_finding_in_words(kind):
    assert str(Finding(kind, 2, "relu", 6, 8, 0.5)) == WORDS[kind]


def test_a_finding_is_told_once_whatever_its_numbers(net):
    class Now:
        network = net
        history = ()

    watch = Health()
    watch.on_fit_begin(Now)
    for number, share in enumerate([0.5, 0.25], 1):
        Now.history = [Epoch(number, 1.0, health=(LayerHealth(1, 8, 1.0, share, 0, 0.0),))]
        watch.on_epoch_end(Now)
    assert watch.found == [(1, "layer 1: a step changes the weights by 50%; lower the learning rate")]
    assert [(epoch, f.kind, f.layer, f.share) for epoch, f in watch.findings] == [(1, "large step", 1, 0.5)]


DIVERGED = "training diverged in epoch {}: the loss is no longer a finite number, first seen{}; {}; "
BELOW = "try a learning rate below {}, or standardise the inputs"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome("finished", 9), ""),
        (Outcome("early", 9, reason="it stood still"), "it stood still"),
        (Outcome("interrupted", 4), "interrupted in epoch 4: that of the last whole epoch is kept"),
        (Outcome("interrupted", 4, True), "interrupted in epoch 4: the best network so far is kept"),
        (Outcome("diverged", 4, layer=2, learning_rate=0.5),
         DIVERGED.format(4, " at layer 2", "the network of epoch 3 is kept") + BELOW.format("0.5")),
        (Outcome("diverged", 4, True, learning_rate=0.5),
         DIVERGED.format(4, "", "the best network so far is kept") + BELOW.format("0.5")),
        (Outcome("diverged", 1, layer=1, learning_rate=1e6),
         DIVERGED.format(1, " at layer 1", "no epoch ended well") + BELOW.format("1e+06")),
    ],
)  # fmt: skip
def test_an_outcome_in_words(outcome, words):
    assert outcome.words() == words
    kept = "no epoch ended well" if outcome.epoch == 1 else "the network of epoch 3 is kept"
    if outcome.kind == "diverged" and not outcome.best_kept:
        assert outcome.words("nothing is saved") == words.replace(kept, "nothing is saved")


# ---------------------------------------------------------------- checkpoints


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize("name", ["sgd", "nesterov", "adam"])
def test_a_resumed_run_is_bitwise_the_run_that_was_not_stopped(engine, name, blobs, net, tmp_path):
    rows, held = blobs
    recipe = Recipe(optimizer(name), engine=engine, dropout=0.3, l2=0.1, schedule=Schedule("cosine", epochs=9), seed=4)
    keywords = {"epochs": 9, "validation": held}
    whole = fit(net, rows, recipe, callbacks=[EarlyStopping(patience=50)], **keywords)
    place = Checkpoint(tmp_path / "c.safetensors", every=2)
    fit(net, rows, recipe, callbacks=[EarlyStopping(patience=50), Diary(stop=5)], checkpoint=place, **keywords)
    resumed = fit(
        net, rows, recipe, callbacks=[EarlyStopping(patience=50), Diary()], checkpoint=place, resume=True, **keywords
    )
    assert np.array_equal(whole.network.flat, resumed.network.flat)
    assert [e.loss for e in whole.history] == [e.loss for e in resumed.history]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (3, 1), (2, 3)])
def test_a_training_goes_on_with_another_number_of_threads(before, after, blobs, tmp_path):
    """To rounding the same; the best so far goes over too, though its place in memory depends on the threads."""
    rows, held = blobs
    net = cr.Network.random((5, 40, 33, 3), "tanh", seed=1)
    place = Checkpoint(tmp_path / "c.safetensors")
    keywords = {"epochs": 6, "validation": held}
    one, other = (start(net, Recipe(threads=threads)) for threads in (before, after))
    other.recall(one.snapshot())
    assert np.array_equal(other.state().theta, net.flat)
    whole = fit(net, rows, Recipe(threads=after), callbacks=[EarlyStopping(patience=50)], **keywords)
    fit(net, rows, Recipe(threads=before), callbacks=[EarlyStopping(patience=50), Diary(stop=4)], checkpoint=place,
        **keywords)  # fmt: skip
    resumed = fit(net, rows, Recipe(threads=after), callbacks=[EarlyStopping(patience=50), Diary()], checkpoint=place,
                  resume=True, **keywords)  # fmt: skip
    np.testing.assert_allclose(resumed.network.flat, whole.network.flat, rtol=1e-9, atol=1e-12)


def test_a_checkpoint_of_another_training_is_refused(blobs, net, tmp_path):
    rows, _ = blobs
    place = Checkpoint(tmp_path / "c.safetensors", asked="blobs")
    fit(net, rows, Recipe(), epochs=1, checkpoint=place)
    with pytest.raises(InputError, match="seed"):
        fit(net, rows, Recipe(seed=1), epochs=2, checkpoint=place, resume=True)
    with pytest.raises(InputError, match="optimizer"):
        fit(net, rows, Recipe(optimizer("sgd")), epochs=2, checkpoint=place, resume=True)
    with pytest.raises(InputError, match="sizes"):
        fit(cr.Network.random((5, 7, 3), "tanh"), rows, Recipe(), epochs=2, checkpoint=place, resume=True)
    with pytest.raises(InputError, match="callbacks"):
        fit(net, rows, Recipe(), epochs=2, checkpoint=place, resume=True, callbacks=[Diary()])
    other = Checkpoint(place.path, asked="circles")
    with pytest.raises(InputError, match="circles"):
        fit(net, rows, Recipe(), epochs=2, checkpoint=other, resume=True)


@pytest.mark.parametrize("content", [b"", b"no", b"\x00" * 100, b"\xff" * 8 + b"{}"])
def test_a_file_that_is_no_checkpoint(content, blobs, net, tmp_path):
    path = tmp_path / "c.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="a checkpoint of chainrule"):
        fit(net, blobs[0], Recipe(), epochs=2, checkpoint=Checkpoint(path), resume=True)
    assert path.read_bytes() == content


def test_a_model_file_is_no_checkpoint(blobs, net, tmp_path):
    path = tmp_path / "c.safetensors"
    cr.save(net, path)
    with pytest.raises(InputError, match="a checkpoint of chainrule"):
        fit(net, blobs[0], Recipe(), epochs=2, checkpoint=Checkpoint(path), resume=True)


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(blobs, net, tmp_path, monkeypatch):
    place = Checkpoint(tmp_path / "c.safetensors")
    fit(net, blobs[0], Recipe(), epochs=1, checkpoint=place)
    before = place.path.read_bytes()

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        fit(net, blobs[0], Recipe(), epochs=2, checkpoint=place, resume=True)
    assert place.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [place.path]


def test_a_folder_that_is_not_there_is_one_clear_error(blobs, net, tmp_path):
    with pytest.raises(InputError, match="a file that can be written"):
        fit(net, blobs[0], Recipe(), epochs=1, checkpoint=Checkpoint(tmp_path / "no" / "c.safetensors"))


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_health_may_be_left_out_and_changes_nothing(engine, blobs, net, tmp_path):
    one = fit(net, blobs[0], Recipe(engine=engine), epochs=3)
    place = Checkpoint(tmp_path / "c.safetensors")
    fit(net, blobs[0], Recipe(engine=engine, health=False), epochs=2, checkpoint=place)
    two = fit(net, blobs[0], Recipe(engine=engine, health=False), epochs=3, checkpoint=place, resume=True)
    assert np.array_equal(one.network.flat, two.network.flat)
    assert two.history[0].health == two.history[2].health == ()
    assert one.history[0].health


def test_a_checkpoint_with_a_part_missing_is_refused(blobs, net, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    place = Checkpoint(tmp_path / "c.safetensors")
    fit(net, blobs[0], Recipe(), epochs=1, checkpoint=place)
    with safe_open(place.path, framework="numpy") as file:
        about = file.metadata()
    whole = load_file(place.path)
    save_file(whole | {"theta": whole["theta"] * 2}, place.path, about)
    with pytest.raises(InputError, match="the numbers that it was saved with"):
        fit(net, blobs[0], Recipe(), epochs=2, checkpoint=place, resume=True)

    def written(tensors):
        save_file(tensors, place.path, sealed(tensors, about))

    for name in ("theta", "moment_2", "history"):
        written({key: value for key, value in whole.items() if key != name})
        with pytest.raises(InputError, match="checkpoint"):
            fit(net, blobs[0], Recipe(), epochs=2, checkpoint=place, resume=True)
    written(whole | {"theta": whole["theta"][:-1]})
    with pytest.raises(InputError, match="finite numbers"):
        fit(net, blobs[0], Recipe(), epochs=2, checkpoint=place, resume=True)


# ---------------------------------------------------------------- rows that do not fit


X, Y = np.zeros((40, 5)), np.zeros(40, np.int64)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (Rows(X, np.r_[Y[1:], 10**9]), "class numbers from 0 to 2"),
        (Rows(X, np.r_[Y[1:], -1]), "class numbers from 0 to 2"),
        (Rows(X, Y[:5]), "40 class numbers"),
        (Rows(X, Y.astype(float)), "40 class numbers"),
        (Rows(X[:, :3], Y), "shape"),
        (Rows(np.ones((40, 8)), Y), "shape"),
        (Rows(X[:, 0], Y), "shape"),
        (Rows(np.full((40, 5), np.nan), Y), "finite numbers"),
        (Rows(X, np.zeros((40, 2))), "shape"),
        (Rows(X, np.full((40, 3), 1.5)), "values from 0 to 1"),
        (Rows(X, Y, np.ones(7)), "shape"),
        (Rows(X, Y, np.full(40, -1.0)), "sample_weight"),
    ],
)
def test_rows_that_do_not_fit_are_one_clear_error(engine, rows, says, net):
    with pytest.raises(InputError, match=says):
        fit(net, rows, Recipe(engine=engine), epochs=1)
    with pytest.raises(InputError, match=says):
        fit(net, Rows(X, Y), Recipe(engine=engine), epochs=1, validation=rows)


def test_no_validation_rows_are_refused(net):
    with pytest.raises(InputError, match="validation rows"):
        fit(net, Rows(X, Y), Recipe(), epochs=1, validation=Rows(X[:0], Y[:0]))


def test_rows_of_other_types_and_orders_train_the_same(blobs, net):
    rows, _ = blobs
    other = Rows(np.asfortranarray(rows.x), rows.y.astype(np.int8)[::-1][::-1])
    flats = [fit(net, given, Recipe(), epochs=1).network.flat for given in (rows, other)]
    assert np.array_equal(*flats)


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_minibatch_larger_than_the_table_is_the_table(engine, blobs, net):
    flats = [
        fit(net, blobs[0], Recipe(engine=engine, batch_size=n), epochs=1).network.flat for n in (200, 10**12, 2**62)
    ]
    assert np.array_equal(flats[0], flats[1])
    assert np.array_equal(flats[0], flats[2])


@pytest.mark.parametrize("health", [True, False])
def test_parameters_that_are_not_finite_are_never_given_back(health, rng):
    """The last step overflows, after a loss that was still finite."""
    net = cr.Network.random((1, 1), "relu", "identity", "squared_error", seed=0)
    rows = Rows(np.full((4, 1), 1e150), np.full((4, 1), 1e150))
    fitted = fit(net, rows, Recipe(optimizer("sgd", 1e100), batch_size=4, health=health), epochs=1)
    assert fitted.stopped == "diverged"
    assert np.array_equal(fitted.network.flat, net.flat)


def test_a_library_that_has_no_memory_is_a_memory_error(blobs, net, monkeypatch):
    engine = start(net, Recipe(engine="compiled"))

    class Full:
        chainrule_train = chainrule_gradient = chainrule_evaluate = staticmethod(lambda *given: 1)
        chainrule_start = staticmethod(lambda *given: None)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "library", Full)
        for asked in (lambda: engine.evaluate(blobs[0]), lambda: engine.gradient(blobs[0])):
            with pytest.raises(MemoryError):
                asked()
    assert np.isfinite(engine.evaluate(blobs[0])[0])
    monkeypatch.setattr(native, "library", lambda: Full)
    with pytest.raises(MemoryError):
        fit(net, blobs[0], Recipe(engine="compiled"), epochs=1)


def test_callbacks_are_closed_whatever_happens(blobs, net):
    closed = []

    class Bad(Diary):
        def on_epoch_end(self, run):
            raise RuntimeError("no")

        def close(self):
            closed.append(True)

    with pytest.raises(RuntimeError):
        fit(net, blobs[0], Recipe(), epochs=1, callbacks=[Bad()])
    assert closed == [True]


def test_a_checkpoint_of_other_rows_or_another_beginning_is_refused(blobs, net, tmp_path):
    rows, held = blobs
    place = Checkpoint(tmp_path / "c.safetensors")
    fit(net, rows, Recipe(), epochs=1, checkpoint=place)
    for network, given in ((net, held), (cr.Network.random((5, 8, 3), "tanh", seed=2), rows)):
        with pytest.raises(InputError, match="checkpoint"):
            fit(network, given, Recipe(batch_size=8), epochs=2, checkpoint=place, resume=True)
        with pytest.raises(InputError, match="these rows and these first parameters"):
            fit(network, given, Recipe(), epochs=2, checkpoint=place, resume=True)


def test_an_infinite_validation_loss_is_no_improvement(blobs, net):
    stop = EarlyStopping("validation_score", patience=2)
    fitted = fit(net, blobs[0], Recipe(), epochs=9, scorer=lambda network: -np.inf, callbacks=[stop])
    assert len(fitted.history) == 3
