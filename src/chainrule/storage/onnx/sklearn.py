"""Converters for skl2onnx, so that a scikit-learn pipeline with an estimator of this package exports as ONNX.

Every function here that starts with an underscore has the signature that skl2onnx calls.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.storage.onnx.graph import OnnxGraph, propagate

#: of skl2onnx: below it Relu takes no float64
LEAST_OPSET = 14


def register(classifier: type | None = None, regressor: type | None = None) -> None:
    """Teach skl2onnx to convert ``MLPClassifier`` and ``MLPRegressor``; once in a process is enough.

    A classifier gives the labels (n,) and the probabilities (n, classes), as skl2onnx has it for scikit-learn's own
    MLP; a multilabel one gives both as (n, labels), a regressor (n, outputs).

    Args:
        classifier, regressor: other classes, such as a subclass; each fitted one has ``network_`` and
            ``n_outputs_``, and a classifier ``classes_`` and ``out_activation_``. None: those of this package.

    Raises:
        InputError: skl2onnx is missing.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        raise InputError("ONNX export of an estimator", "the package skl2onnx (pip install skl2onnx)", "none") from None
    if classifier is None or regressor is None:
        ours = import_module("chainrule.estimators")
        classifier, regressor = classifier or ours.MLPClassifier, regressor or ours.MLPRegressor
    choices = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
    one, other = (f"Chainrule{kind.__name__}" for kind in (classifier, regressor))
    update_registered_converter(classifier, one, _classifier_shapes, _convert_classifier, options=choices)
    update_registered_converter(regressor, other, _regressor_shapes, _convert_regressor)


def _classifier_shapes(operator: Any) -> None:
    from skl2onnx.common.data_types import Int64TensorType
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    calculate_linear_classifier_output_shapes(operator)
    if _is_multilabel(operator.raw_operator):
        rows = operator.inputs[0].get_first_dimension()
        operator.outputs[0].set_type(Int64TensorType([rows, operator.raw_operator.n_outputs_]))


def _regressor_shapes(operator: Any) -> None:
    from skl2onnx.common.shape_calculator import calculate_linear_regressor_output_shapes

    calculate_linear_regressor_output_shapes(operator)  # it takes one output for granted
    operator.outputs[0].type.shape = [operator.inputs[0].get_first_dimension(), operator.raw_operator.n_outputs_]


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    from skl2onnx.common.utils_classifier import get_label_classes

    estimator = operator.raw_operator
    g, yhat = _propagated(scope, operator, container)
    label, shares = (output.full_name for output in operator.outputs[:2])
    if _is_multilabel(estimator):
        g("Cast", g("Greater", yhat, 0.5), to=g.onnx.TensorProto.INT64)
        g.rename(str(g.nodes[-1].output[0]), label)
        g.rename(g("Identity", yhat), shares)
    else:
        if estimator.network_.sizes[-1] == 1:  # one sigmoid: the share of the second class
            yhat = g("Concat", g("Sub", 1.0, yhat), yhat, axis=1)
        g.rename(g("Identity", yhat), shares)
        classes = _labels(g, np.asarray(get_label_classes(scope, estimator)))
        g.rename(g("Gather", classes, g("ArgMax", yhat, axis=1, keepdims=0)), label)
    _hand_over(g, container)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    g, yhat = _propagated(scope, operator, container)
    g.rename(g("Identity", yhat), operator.outputs[0].full_name)
    _hand_over(g, container)


def _propagated(scope: Any, operator: Any, container: Any) -> tuple[OnnxGraph, str]:
    """The network's nodes, in float64 for float64 inputs and else in float32."""
    from skl2onnx.common.data_types import DoubleTensorType

    opset = container.target_opset_any_domain("")
    if opset < LEAST_OPSET:
        raise InputError("target_opset", f"{LEAST_OPSET} or above", str(opset))
    wide = isinstance(operator.inputs[0].type, DoubleTensorType)
    network = operator.raw_operator.network_.astype("float64" if wide else "float32")
    g = OnnxGraph(network.dtype, prefix=f"{scope.get_unique_operator_name('chainrule')}_")
    return g, propagate(g, network, g("Cast", operator.inputs[0].full_name, to=g.kind))


def _is_multilabel(estimator: Any) -> bool:
    return bool(estimator.n_outputs_ > 1 and estimator.out_activation_ in ("logistic", "sigmoid"))


def _labels(g: OnnxGraph, classes: Array) -> str:
    """The class labels as an initializer: strings, or int64 for whole numbers and truth values."""
    if all(isinstance(label, str) for label in classes):
        return g.texts("classes", [str(label) for label in classes])
    if not (classes == classes.astype(np.int64)).all():
        raise InputError("classes_", "strings or whole numbers, as ONNX labels are", str(classes[:5]))
    return g.array("classes", classes.astype(np.int64))


def _hand_over(g: OnnxGraph, container: Any) -> None:
    """Give the graph's nodes and initializers to skl2onnx's container."""
    value = g.onnx.helper.get_attribute_value
    for tensor in g.initializers:
        content = list(tensor.string_data) if tensor.data_type == g.TEXT else tensor
        container.add_initializer(tensor.name, tensor.data_type, list(tensor.dims), content)
    for node in g.nodes:
        attributes = {attribute.name: value(attribute) for attribute in node.attribute}
        container.add_node(node.op_type, list(node.input), list(node.output), name=node.output[0], **attributes)
