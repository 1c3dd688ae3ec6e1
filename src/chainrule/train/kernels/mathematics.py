"""exp, expm1, log1p and erfc without branches, so that the compiler can use vector instructions.

NumPy's and the C library's are exact to half a unit of the last place; these to about two. Coefficients
are from ``python tools/polynomials.py``. NaN stays NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

from chainrule.train.kernels.low_level import binary_scale, like, power_of_two

#: without ``nnan`` and ``ninf``: divergence must be seen
FAST = {"contract", "nsz", "arcp"}
inlined = njit(error_model="numpy", fastmath=FAST, forceinline=True)

# (e^r - 1 - r)/r^2 for |r| <= log(2)/2
_EXP_32 = (0.5, 0.16666576990, 0.04166655462, 0.00836317905, 0.00139261836)
_EXP_64 = (
    0.5, 0.16666666666666667453, 0.041666666666624127873, 0.0083333333333300618325, 0.0013888888917213716901,
    0.00019841269863053616878, 0.000024801521295954375131, 2.7557268459997064772e-6, 2.7620088445409748161e-7,
    2.5100385495510319078e-8,
)  # fmt: skip
# (atanh(s)/s - 1)/s^2 in u = s^2 <= 1/9
_ATANH_32 = (0.33333333660, 0.19999853166, 0.14296178999, 0.10853287900, 0.11612164612)
_ATANH_64 = (
    0.33333333333333329281, 0.20000000000007291337, 0.14285714283554378581, 0.11111111358713931495,
    0.090908947180664290846, 0.076927850324793115517, 0.066570721048274680752, 0.060005364047953562676,
    0.044003692430723369411, 0.080820228059717661105,
)  # fmt: skip
# log(erfc(x)/t) + x^2 in 2t - 1, where t = 1/(1 + x/2) and 0 <= x <= 28
_ERFC_32 = (
    -0.67179405617771650296, 0.67264288268023275708, 0.047341515962679880819, -0.046886939819133442124,
    -0.0098548628515496803288, 0.0087614661095393061284, 0.0017011835953563441953, -0.0021494657245131865314,
    -0.000088442463561013400914, 0.00039187356944433311734, -0.000065134498590344529704,
)  # fmt: skip
_ERFC_64 = (
    -0.67179408405669221721, 0.67264322397765707665, 0.047343306841886739581, -0.046895610231217653181,
    -0.0098726893653211551323, 0.008824938558526480281, 0.0017589335322959340245, -0.002345812522992429761,
    -0.00014624654591320200537, 0.00067367897766890578321, -0.000093737389644298965938, -0.00017430376945205216388,
    0.00007141227503803033617, 0.000031747112775290720396, -0.000030223890309152970127, 1.3678355501421477532e-7,
    8.6411863260088163395e-6, -2.9555436797351925051e-6, -1.389296115942282684e-6, 1.2734431343284942127e-6,
    -5.2053721502983551877e-8, -2.8316490781078862524e-7, 7.971119039982909082e-8, 2.811803282587249851e-8,
    -1.2688119926824784368e-8,
)  # fmt: skip


def _polynomial(for_32: tuple[float, ...], for_64: tuple[float, ...]) -> Any:
    """x -> the polynomial with the coefficients of x's type, lowest first, by Horner's rule without a loop."""

    @intrinsic
    def evaluate(typing: Any, x: Any) -> Any:
        coefficients = for_32 if x == types.float32 else for_64
        real = ir.FloatType() if x == types.float32 else ir.DoubleType()

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = ir.Constant(real, coefficients[-1])
            for c in reversed(coefficients[:-1]):
                product = builder.fmul(value, args[0], flags=("contract",))
                value = builder.fadd(product, ir.Constant(real, c), flags=("contract",))
            return value

        return x(x), build

    return evaluate


def _constant(for_32: float, for_64: float) -> Any:
    """x -> a constant of x's type."""
    return _polynomial((for_32,), (for_64,))


_exp_rest = _polynomial(_EXP_32, _EXP_64)
_atanh_rest = _polynomial(_ATANH_32, _ATANH_64)
_erfc_exponent = _polynomial(_ERFC_32, _ERFC_64)
_lowest = _constant(-87.3, -708.3)  # exp of less is not a normal number
_highest = _constant(88.7, 709.7)
_shifter = _constant(12582912.0, 6755399441055744.0)  # 1.5 * 2^(bits of the mantissa): adding it rounds
_log2_high = _constant(0.693359375, 0.693147180369123816490)  # log 2 in two parts, the first with few bits
_log2_low = _constant(-2.12194440054690583e-4, 1.90821492927058770002e-10)


@inlined
def _split(x):
    """2^n and e^r - 1, where x = n log 2 + r; x is kept within what its type can hold."""
    kept = _lowest(x) if x < _lowest(x) else x
    kept = _highest(x) if kept > _highest(x) else kept
    shifted = kept * like(x, 1.4426950408889634) + _shifter(x)
    n = shifted - _shifter(x)
    r = kept - n * _log2_high(x) - n * _log2_low(x)
    return power_of_two(shifted), r + r * r * _exp_rest(r)


@inlined
def exp(x):
    """e^x; infinite where it overflows."""
    scale, rest = _split(x)
    return like(x, np.inf) if x > _highest(x) else scale + scale * rest


@inlined
def exp_and_expm1(x):
    """e^x and e^x - 1 at once, each to its own last place."""
    scale, rest = _split(x)
    return scale + scale * rest, scale * rest + (scale - like(x, 1.0))


@inlined
def log1p(z):
    """log(1 + z) for z >= 0, exact also for small z."""
    one = like(z, 1.0)
    scale, e = binary_scale(one + z)
    over = z * scale + (scale - one)  # (1 + z) 2^-e - 1
    s = over / (like(z, 2.0) + over)
    u = s * s
    return e * _log2_high(z) + (e * _log2_low(z) + like(z, 2.0) * (s + s * u * _atanh_rest(u)))


@inlined
def erfc(x):
    """The complementary error function."""
    size = abs(x)
    size = like(x, 28.0) if size > like(x, 28.0) else size
    t = like(x, 1.0) / (like(x, 1.0) + like(x, 0.5) * size)
    tail = t * exp(_erfc_exponent(like(x, 2.0) * t - like(x, 1.0)) - size * size)
    return like(x, 2.0) - tail if x < like(x, 0.0) else tail
