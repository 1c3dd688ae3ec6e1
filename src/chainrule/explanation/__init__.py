"""Explanations: where any one derivative comes from, step by step and path by path."""

from chainrule.explanation.explain import explain
from chainrule.explanation.graph import Graph
from chainrule.explanation.paths import paths
from chainrule.explanation.records import Check, Contribution, Explanation, Step

__all__ = ["Check", "Contribution", "Explanation", "Graph", "Step", "explain", "paths"]
