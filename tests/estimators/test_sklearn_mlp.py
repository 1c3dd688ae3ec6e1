"""scikit-learn's own tests of its MLP, as installed, with the import changed to chainrule's estimators."""

from pathlib import Path

import pytest
import sklearn.neural_network

from chainrule.estimators import MLPClassifier, MLPRegressor

SOURCE = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"
IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OURS = "from chainrule.estimators import MLPClassifier, MLPRegressor\n"

#: what is not run, and why
LEFT_OUT = {
    "test_gradient": "calls the private _loss_grad_lbfgs; test_estimators.py compares that gradient with Backward's",
}

# the tests expect what scikit-learn's own settings let pass: warnings that a short fit gives
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning"),
]


@pytest.fixture
def global_random_seed():
    """scikit-learn's conftest draws it; any number should do."""
    return 42


def theirs():
    """The names of scikit-learn's test module with our classes in place of theirs."""
    text = SOURCE.read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1
    names = {"__name__": __name__, "__file__": str(SOURCE)}
    exec(compile(text.replace(IMPORT, OURS), str(SOURCE), "exec"), names)
    return names


THEIRS = theirs()
globals().update({name: test for name, test in THEIRS.items() if name.startswith("test_") and name not in LEFT_OUT})


def test_it_is_our_estimators_that_are_tested():
    assert (THEIRS["MLPClassifier"], THEIRS["MLPRegressor"]) == (MLPClassifier, MLPRegressor)
    assert set(LEFT_OUT) <= set(THEIRS)
    assert sum(name.startswith("test_") for name in THEIRS) > 40
