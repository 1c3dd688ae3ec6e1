"""Explanations: where any one derivative comes from, step by step and path by path."""

from chainrule.explain.explain import explain
from chainrule.explain.graph import Graph
from chainrule.explain.paths import paths
from chainrule.explain.records import Check, Contribution, Explanation, Step

__all__ = ["Check", "Contribution", "Explanation", "Graph", "Step", "explain", "paths"]
