// exp, expm1, log1p and erfc without branches, so that loops over them fill vector registers. The C library's are exact
// to half a unit of the last place, these to about two, erfc(x) to some more, and x^2 more where it is small; NaN stays
// NaN. Coefficients: python tools/polynomials.py.
#pragma once
#include "basics.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

template <class T>
struct Bits;

template <>
struct Bits<float> {
  using Integer = std::int32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr Integer half_root = 0x3f3504f3;  // sqrt(1/2)
  static constexpr float lowest = -87.3f, highest = 88.7f;  // beyond, exp is no normal number
  static constexpr float shifter = 12582912.0f;             // 1.5 * 2^mantissa: adding it rounds
  static constexpr float log2_high = 0.693359375f, log2_low = -2.12194440054690583e-4f;
  static constexpr float few = -18.0f;
  // (e^r - 1 - r)/r^2 for |r| <= log(2)/2
  static constexpr float exp_rest[] = {0.5f, 0.16666576990f, 0.04166655462f, 0.00836317905f, 0.00139261836f};
  // (atanh(s)/s - 1)/s^2 in u = s^2 <= 1/9
  static constexpr float atanh_rest[] = {0.33333333660f, 0.19999853166f, 0.14296178999f, 0.10853287900f, 0.11612164612f};
  // log(erfc(x)/t) + x^2 in 2t - 1, where t = 1/(1 + x/2) and 0 <= x <= 28
  static constexpr float erfc_exponent[] = {
      -0.67179405617771650296f, 0.67264288268023275708f, 0.047341515962679880819f, -0.046886939819133442124f,
      -0.0098548628515496803288f, 0.0087614661095393061284f, 0.0017011835953563441953f, -0.0021494657245131865314f,
      -0.000088442463561013400914f, 0.00039187356944433311734f, -0.000065134498590344529704f};
};

template <>
struct Bits<double> {
  using Integer = std::int64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr Integer half_root = 0x3fe6a09e667f3bcd;
  static constexpr double lowest = -708.3, highest = 709.7;
  static constexpr double shifter = 6755399441055744.0;
  static constexpr double log2_high = 0.693147180369123816490, log2_low = 1.90821492927058770002e-10;
  static constexpr double few = -18.0;
  static constexpr double exp_rest[] = {
      0.5, 0.16666666666666667453, 0.041666666666624127873, 0.0083333333333300618325, 0.0013888888917213716901,
      0.00019841269863053616878, 0.000024801521295954375131, 2.7557268459997064772e-6, 2.7620088445409748161e-7,
      2.5100385495510319078e-8};
  static constexpr double atanh_rest[] = {
      0.33333333333333329281, 0.20000000000007291337, 0.14285714283554378581, 0.11111111358713931495,
      0.090908947180664290846, 0.076927850324793115517, 0.066570721048274680752, 0.060005364047953562676,
      0.044003692430723369411, 0.080820228059717661105};
  static constexpr double erfc_exponent[] = {
      -0.67179408405669221721, 0.67264322397765707665, 0.047343306841886739581, -0.046895610231217653181,
      -0.0098726893653211551323, 0.008824938558526480281, 0.0017589335322959340245, -0.002345812522992429761,
      -0.00014624654591320200537, 0.00067367897766890578321, -0.000093737389644298965938, -0.00017430376945205216388,
      0.00007141227503803033617, 0.000031747112775290720396, -0.000030223890309152970127, 1.3678355501421477532e-7,
      8.6411863260088163395e-6, -2.9555436797351925051e-6, -1.389296115942282684e-6, 1.2734431343284942127e-6,
      -5.2053721502983551877e-8, -2.8316490781078862524e-7, 7.971119039982909082e-8, 2.811803282587249851e-8,
      -1.2688119926824784368e-8};
};

// A polynomial, lowest coefficient first, by Horner's rule.
template <class T, std::size_t N>
INLINE T polynomial(const T (&coefficients)[N], T x) {
  T value = coefficients[N - 1];
#pragma GCC unroll 32
  for (int i = int(N) - 2; i >= 0; i--) value = value * x + coefficients[i];
  return value;
}

template <class To, class From>
INLINE To bits_of(From value) {
  To bits;
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

// 2^n and e^r - 1, where x = n log 2 + r; x is kept within what its type can hold.
template <class T>
INLINE void split(T x, T& scale, T& rest) {
  using B = Bits<T>;
  using I = typename B::Integer;
  T kept = x < B::lowest ? B::lowest : x;
  kept = kept > B::highest ? B::highest : kept;
  const T shifted = kept * T(1.4426950408889634) + B::shifter, n = shifted - B::shifter;
  const T r = kept - n * B::log2_high - n * B::log2_low;
  using U = decltype(sizeof(I) == 4 ? std::uint32_t() : std::uint64_t());
  scale = bits_of<T>(I(U(bits_of<I>(shifted) + I(B::bias)) << B::mantissa));
  rest = r + r * r * polynomial(B::exp_rest, r);
}

// e^x; infinite where it overflows.
template <class T>
INLINE T exponential(T x) {
  T scale, rest;
  split(x, scale, rest);
  return x > Bits<T>::highest ? T(__builtin_inf()) : scale + scale * rest;
}

// e^x and e^x - 1 at once, each to its own last place.
template <class T>
INLINE void exponentials(T x, T& e, T& small) {
  T scale, rest;
  split(x, scale, rest);
  e = scale + scale * rest;
  small = scale * rest + (scale - T(1));
}

// log(1 + z) for z >= 0, exact also for small z.
template <class T>
INLINE T log_of_one_and(T z) {
  using B = Bits<T>;
  using I = typename B::Integer;
  const I exponent = (bits_of<I>(T(1) + z) - B::half_root) >> B::mantissa;
  const T scale = bits_of<T>(I(B::bias - exponent) * (I(1) << B::mantissa)), e = T(exponent);
  const T over = z * scale + (scale - T(1));  // (1 + z) 2^-e - 1
  const T s = over / (T(2) + over), u = s * s;
  return e * B::log2_high + (e * B::log2_low + T(2) * (s + s * u * polynomial(B::atanh_rest, u)));
}

// The complementary error function.
template <class T>
INLINE T error_complement(T x) {
  T size = absolute(x);
  size = size > T(28) ? T(28) : size;
  const T t = T(1) / (T(1) + T(0.5) * size);
  const T tail = t * exponential(polynomial(Bits<T>::erfc_exponent, T(2) * t - T(1)) - size * size);
  return x < T(0) ? T(2) - tail : tail;
}

template <class T>
INLINE T logistic(T a) {
  const T e = exponential(-absolute(a));
  return (a >= T(0) ? T(1) : e) / (T(1) + e);
}

// log(1 + e^a).
template <class T>
INLINE T soft_plus(T a) {
  return (a < T(0) ? T(0) : a) + log_of_one_and(exponential(-absolute(a)));
}

// log(log(1 + e^a)); far below 0 log(1 + e^a) is e^a - e^{2a}/2.
template <class T>
INLINE T log_soft_plus(T a) {
  return a < Bits<T>::few ? a - T(0.5) * exponential(a) : logarithm(soft_plus(a));
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
