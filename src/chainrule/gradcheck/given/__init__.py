"""Gradients as people hold them, read into the design's names and layouts."""
