"""Renderings of the records: JSON, plots."""
