"""The machine: files written whole, work on all cores."""
