"""scikit-learn's checks of what an estimator must do, all of them."""

from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule.estimators import MLPClassifier, MLPRegressor
from tests.support import sample

#: what a check that does not run may say: nothing else passes unchecked
NOT_FOR_US = (
    "SCIPY_ARRAY_API is not set",  # arrays of other libraries, which NumPy's kernels cannot take
    "does not have a decision_function method",  # nor has scikit-learn's own
)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        MLPClassifier(max_iter=100), MLPRegressor(max_iter=100), MLPClassifier(max_iter=100, n_models=2),
        *([MLPRegressor(max_iter=100, n_models=2)] if sample.everything else []),
    ]
)  # fmt: skip
def test_an_estimator_keeps_the_convention(estimator, check):
    try:
        check(estimator)
    except SkipTest as skipped:
        if not any(reason in str(skipped) for reason in NOT_FOR_US):
            raise
