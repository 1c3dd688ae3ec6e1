"""The text of a worksheet: its header, its lines, and the names and formulas in them."""
