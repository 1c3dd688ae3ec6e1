"""The coefficients in ``chainrule/native/mathematics.h``: polynomials by interpolation at Chebyshev's nodes.

    python tools/polynomials.py

Prints each as it stands there, with its largest error on its interval, computed with 60 digits.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 60
Function = Callable[[mp.mpf], mp.mpf]


def interpolate(f: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Coefficients of the polynomial that meets f at the Chebyshev nodes, lowest first."""
    n = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / n) for i in range(n)]
    matrix = mp.matrix([[x**power for power in range(n)] for x in nodes])
    return list(mp.lu_solve(matrix, mp.matrix([f(x) for x in nodes])))


def error(coefficients: list[mp.mpf], f: Function, low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """The largest absolute error at 2,001 points."""
    points = (low + (high - low) * mp.mpf(i) / 2000 for i in range(2001))
    return max(abs(mp.polyval(coefficients[::-1], x) - f(x)) for x in points)


def exp_rest(r: mp.mpf) -> mp.mpf:
    """(e^r - 1 - r)/r^2."""
    return (mp.expm1(r) - r) / r**2 if abs(r) > mp.mpf(10) ** -20 else mp.mpf(1) / 2 + r / 6


def atanh_rest(u: mp.mpf) -> mp.mpf:
    """(atanh(s)/s - 1)/s^2 in u = s^2."""
    s = mp.sqrt(u)
    return (mp.atanh(s) / s - 1) / u if u > mp.mpf(10) ** -20 else mp.mpf(1) / 3 + u / 5


def erfc_exponent(w: mp.mpf) -> mp.mpf:
    """log(erfc(x)/t) + x^2 in w = 2t - 1, where t = 1/(1 + x/2)."""
    t = (w + 1) / 2
    x = 2 * (1 / t - 1)
    return mp.log(mp.erfc(x)) + x * x - mp.log(t)


HALF_LOG_2 = mp.log(2) / 2 * mp.mpf("1.0001")
WANTED = [
    ("exp_rest", exp_rest, -HALF_LOG_2, HALF_LOG_2, (4, 9)),
    ("atanh_rest", atanh_rest, mp.mpf(0), mp.mpf(1) / 9, (4, 9)),
    ("erfc_exponent", erfc_exponent, 2 / mp.mpf(15) - 1, mp.mpf(1), (10, 24)),
]


def coefficients(name: str, f: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Those of one polynomial; the first of e^r's is 1/2, so that e^r is exact next to r = 0."""
    found = interpolate(f, low, high, degree)
    return [mp.mpf(1) / 2, *found[1:]] if name == "exp_rest" else found


def main() -> None:
    """Print them all."""
    for name, f, low, high, degrees in WANTED:
        for degree, (kind, end) in zip(degrees, (("float", "f"), ("double", "")), strict=True):
            found = coefficients(name, f, low, high, degree)
            print(f"// degree {degree}, error {mp.nstr(error(found, f, low, high), 2)}")
            print(f"static constexpr {kind} {name}[] = {{{', '.join(mp.nstr(c, 20) + end for c in found)}}};")


if __name__ == "__main__":
    main()
