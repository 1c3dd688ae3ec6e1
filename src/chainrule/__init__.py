"""chainrule: backpropagation for feedforward networks, the full version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.auditing.audit import audit as audit
    from chainrule.auditing.code import audit_gradients as audit_gradients
    from chainrule.auditing.functions import audit_code as audit_code
    from chainrule.auditing.report.document import Audit as Audit
    from chainrule.auditing.report.tried import CodeAudit as CodeAudit
    from chainrule.errors import InputError as InputError
    from chainrule.estimators.classifier import MLPClassifier as MLPClassifier
    from chainrule.estimators.display import TrainingCurveDisplay as TrainingCurveDisplay
    from chainrule.estimators.regressor import MLPRegressor as MLPRegressor
    from chainrule.explanation.explain import explain as explain
    from chainrule.explanation.graph.graph import Graph as Graph
    from chainrule.explanation.paths import paths as paths
    from chainrule.explanation.records import Explanation as Explanation
    from chainrule.gradcheck.check import GradientCheck as GradientCheck
    from chainrule.gradcheck.check import check_gradients as check_gradients
    from chainrule.network.backward import Backward as Backward
    from chainrule.network.forms import gradients as gradients
    from chainrule.network.forward import Forward as Forward
    from chainrule.network.network import Network as Network
    from chainrule.storage import from_module as from_module
    from chainrule.storage import load as load
    from chainrule.storage import save as save
    from chainrule.view.widget import show as show

__version__ = "0.1.0"

#: public name -> module that defines it, loaded when first used
_PUBLIC = {
    "Network": "chainrule.network.network",
    "Forward": "chainrule.network.forward",
    "Backward": "chainrule.network.backward",
    "GradientCheck": "chainrule.gradcheck.check",
    "check_gradients": "chainrule.gradcheck.check",
    "gradients": "chainrule.network.forms",
    "Audit": "chainrule.auditing.report.document",
    "audit": "chainrule.auditing.audit",
    "audit_gradients": "chainrule.auditing.code",
    "CodeAudit": "chainrule.auditing.report.tried",
    "audit_code": "chainrule.auditing.functions",
    "Explanation": "chainrule.explanation.records",
    "Graph": "chainrule.explanation.graph.graph",
    "explain": "chainrule.explanation.explain",
    "paths": "chainrule.explanation.paths",
    "InputError": "chainrule.errors",
    "MLPClassifier": "chainrule.estimators.classifier",
    "MLPRegressor": "chainrule.estimators.regressor",
    "TrainingCurveDisplay": "chainrule.estimators.display",
    "from_module": "chainrule.storage",
    "load": "chainrule.storage",
    "save": "chainrule.storage",
    "show": "chainrule.view.widget",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*(name for name in globals() if name.startswith("__")), *_PUBLIC])
