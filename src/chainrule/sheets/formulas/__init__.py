"""Formulas in worksheets: from their text to a tree."""
