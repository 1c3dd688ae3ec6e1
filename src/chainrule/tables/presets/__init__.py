"""Presets: ensembles of networks on fixed features of a table's inputs, calibrated on rows that they did not see."""
