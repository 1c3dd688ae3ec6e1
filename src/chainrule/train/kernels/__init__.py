"""The training kernels: each stands beside the equation it fuses, compiled by numba at first use."""
