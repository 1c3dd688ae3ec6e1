"""Exercises to set, and folders of answers to mark."""
