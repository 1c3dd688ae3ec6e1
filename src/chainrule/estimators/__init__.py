"""The scikit-learn estimators: change the import, and a program goes on."""

from chainrule.estimators.classifier import MLPClassifier as MLPClassifier
from chainrule.estimators.display import TrainingCurveDisplay as TrainingCurveDisplay
from chainrule.estimators.regressor import MLPRegressor as MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TrainingCurveDisplay"]
