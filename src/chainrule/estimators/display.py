"""The course of a training as a plot, by scikit-learn's convention of displays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.utils.validation import check_is_fitted


class TrainingCurveDisplay:
    """Loss, validation loss and validation score after each epoch.

    Best made by ``TrainingCurveDisplay.from_estimator(clf)``.

    Attributes:
        ax_, figure_: matplotlib's axes and figure.
        line_: of the loss; validation_line_: of the validation loss, score_line_: of the score; None without.
        score_ax_: the axes of the score, on the right; None without.

    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]] * 10, [0, 1, 1, 0] * 10
    >>> clf = cr.MLPClassifier(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = cr.TrainingCurveDisplay.from_estimator(clf)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('epoch', 'loss')
    >>> len(display.line_.get_ydata()) == clf.n_iter_
    True
    """

    def __init__(
        self,
        loss: Sequence[float],
        *,
        validation_loss: Sequence[float] | None = None,
        validation_score: Sequence[float] | None = None,
        estimator_name: str | None = None,
    ) -> None:
        self.loss, self.estimator_name = loss, estimator_name
        self.validation_loss, self.validation_score = validation_loss, validation_score

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, **kwargs: Any) -> TrainingCurveDisplay:
        """The plot of a fitted estimator with a ``loss_curve_``: chainrule's, or scikit-learn's.

        Args:
            ax: axes to draw on; None makes new ones.
            kwargs: for the lines, such as ``linewidth``.
        """
        check_is_fitted(estimator, "loss_curve_")
        display = cls(
            estimator.loss_curve_,
            validation_loss=getattr(estimator, "validation_loss_curve_", None),
            validation_score=getattr(estimator, "validation_scores_", None),
            estimator_name=type(estimator).__name__,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> TrainingCurveDisplay:
        """Draw on ``ax``, or on new axes."""
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots()
        self.ax_, self.figure_ = ax, ax.figure
        self.line_ = self._line(ax, self.loss, "C0", "loss", kwargs)
        self.validation_line_ = self.score_line_ = self.score_ax_ = None
        if self.validation_loss is not None:
            self.validation_line_ = self._line(ax, self.validation_loss, "C1", "validation loss", kwargs)
        ax.set(xlabel="epoch", ylabel="loss", title=self.estimator_name or "")
        lines = [line for line in (self.line_, self.validation_line_) if line is not None]
        if self.validation_score is not None:
            self.score_ax_ = ax.twinx()
            self.score_line_ = self._line(self.score_ax_, self.validation_score, "C2", "validation score", kwargs)
            self.score_ax_.set_ylabel("score")
            lines.append(self.score_line_)
        ax.legend(handles=lines)
        return self

    @staticmethod
    def _line(ax: Any, values: Sequence[float], colour: str, label: str, kwargs: dict[str, Any]) -> Any:
        settings = {"color": colour, "label": label, **kwargs}
        return ax.plot(range(1, len(values) + 1), values, **settings)[0]
