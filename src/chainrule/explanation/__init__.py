"""Explanations: where any one derivative comes from, step by step and path by path."""
