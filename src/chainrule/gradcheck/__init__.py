"""Gradients held against numerical differentiation."""
