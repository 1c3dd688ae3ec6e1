"""Bugs of real backward passes, re-expressed, and whether ``audit_gradients`` names them."""
