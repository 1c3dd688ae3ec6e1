"""The audit of what a stranger's code gave: its readings, its penalty, its steps, the verdict over all networks."""
