"""The auditor: which line of a derivation, or which array of somebody's code, is wrong, and which mistake was made."""
