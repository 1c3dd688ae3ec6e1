"""The stopping rule, epoch by epoch: what counts as no improvement, when it stops, and the next learning rate."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from chainrule.estimators.rule import Count, StoppingRule, Terms

TERMS = {
    "early": False,
    "tol": 0.25,
    "patience": 2,
    "schedule": "constant",
    "rate": 0.5,
    "power": 0.5,
    "verbose": False,
}


def rule(best=np.inf, since=0, seen=0, rate=0.5, factor=1.0, shift=0.0, **terms):
    """With a loss that is taken as it comes, and 10 rows."""
    objective = SimpleNamespace(reported=lambda loss: factor * loss + shift)
    return StoppingRule(Terms(**(TERMS | terms)), Count(best, since, seen, rate), objective, 10)


def run():
    engine = SimpleNamespace(snapshot=lambda: "the parameters")
    return SimpleNamespace(history=[], engine=engine, scale=None, ended=None, said="", best=None)


def epochs(rule, values):
    """One epoch for each loss, or score; what the rule says after each, until it stops."""
    running, said = run(), []
    for number, value in enumerate(values, 1):
        running.history.append(SimpleNamespace(number=number, loss=value, validation_score=value))
        said.append(rule.on_epoch_end(running))
        if said[-1]:
            break
    return running, said


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("by", [-0.5, -0.25, 0.0, 0.25, 0.5])
def test_what_is_no_improvement_is_scikit_learns(early, by):
    """A step of exactly ``tol``, the smallest there is that counts, included; numbers that have no rounding."""
    theirs = MLPClassifier(early_stopping=early, tol=0.25)
    theirs._no_improvement_count, theirs.best_loss_, theirs.best_validation_score_ = 5, 1.0, 1.0
    theirs.loss_curve_, theirs.validation_scores_, theirs.coefs_, theirs.intercepts_ = [1.0 + by], [], [], []
    theirs._score = lambda *_, **__: 1.0 + by
    theirs._update_no_improvement_count(early, None, None, None)
    ours = rule(best=1.0, since=5, early=early, patience=100)
    epochs(ours, [1.0 + by])
    best = theirs.best_validation_score_ if early else theirs.best_loss_
    assert (ours.count.since, ours.count.best) == (theirs._no_improvement_count, best)


def test_it_stops_after_more_epochs_than_its_patience():
    running, said = epochs(rule(patience=2), [1.0, 1.0, 1.0, 1.0, 1.0])
    assert said == [False, False, False, True]  # the first improves on nothing at all
    assert running.said == "Training loss did not improve more than tol=0.250000 for 2 consecutive epochs."


def test_an_improvement_starts_the_count_anew():
    _, said = epochs(rule(patience=2), [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert said == [False] * 6 + [True]


def test_the_loss_is_that_of_the_objective():
    ours = rule(factor=3.0, shift=0.5)
    epochs(ours, [2.0])
    assert ours.count.best == 6.5


def test_with_early_stopping_the_best_parameters_are_kept():
    ours = rule(best=0.5, early=True)
    running, _ = epochs(ours, [0.5])
    assert (running.best, ours.improved) == (None, False)
    running, _ = epochs(ours, [0.625])
    assert (running.best, ours.improved, ours.count.best) == ("the parameters", True, 0.625)
    running, _ = epochs(rule(best=9.0), [0.5])
    assert running.best is None  # of the loss nothing is kept


@pytest.mark.parametrize(("rate", "ends", "then"), [(0.5, False, 0.1), (1.1e-6, False, 2.2e-7), (1e-6, True, 1e-6)])
def test_adaptive_divides_the_learning_rate_by_5_until_it_is_no_more_than_a_millionth(rate, ends, then):
    ours = rule(best=1.0, since=2, rate=rate, schedule="adaptive")
    running, said = epochs(ours, [1.0])
    assert said == [ends]
    assert ours.count.learning_rate == pytest.approx(then, rel=1e-12)
    assert running.scale == pytest.approx(then / 0.5, rel=1e-12)
    assert ours.count.since == (3 if ends else 0)
    assert bool(running.said) == ends


def test_invscaling_divides_by_a_power_of_the_rows_seen():
    ours = rule(schedule="invscaling")
    running, _ = epochs(ours, [1.0])
    assert ours.count.seen == 10
    assert running.scale == pytest.approx(11**-0.5, rel=1e-12)
    running, _ = epochs(ours, [0.5])
    assert (ours.count.seen, running.scale) == (20, pytest.approx(21**-0.5, rel=1e-12))


def test_a_fit_begins_with_the_learning_rate_and_the_end_that_are_remembered():
    ours, running = rule(rate=0.1), run()
    ours.on_fit_begin(running)
    assert (running.scale, running.ended) == (pytest.approx(0.2, rel=1e-12), False)
    epochs(ours, [1.0] * 4)
    ours.on_fit_begin(running)
    assert running.ended


def test_a_checkpoint_keeps_the_count():
    ours = rule(best=-np.inf, early=True, patience=0)
    epochs(ours, [0.25, 0.25])
    other = rule()
    other.remember(ours.memory())
    assert (other.count, other.improved, other.ended) == (Count(0.25, 1, 20, 0.5), True, True)


@pytest.mark.parametrize(
    ("terms", "printed"),
    [
        ({}, "Iteration 1, loss = 1.50000000\n"),
        ({"early": True}, "Iteration 1, loss = 1.50000000\nValidation score: 1.500000\n"),
    ],
)
def test_verbose_prints_scikit_learns_lines(capsys, terms, printed):
    epochs(rule(best=-9.0 if terms else np.inf, verbose=True, **terms), [1.5])
    assert capsys.readouterr().out == printed
    epochs(rule(best=-9.0 if terms else np.inf, **terms), [1.5])
    assert capsys.readouterr().out == ""
