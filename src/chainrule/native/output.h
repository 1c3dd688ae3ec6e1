// Equations backward.loss and backward.out, fused: from a_L and y to yhat, the losses and grad a_L of some examples.
//
// All lie class by class, (k, n). Stands beside network/losses.py and network/outputs.py. A declared pair goes straight
// from a_L; any other loss and output take the general path.
#pragma once
#include "activations.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// The losses by their names in network/losses.py, but in capitals: each has its case in `term`.
#define CHAINRULE_LOSSES(ONE) \
  ONE(CROSS_ENTROPY) ONE(BINARY_CROSS_ENTROPY) ONE(SQUARED_ERROR) ONE(HALF_SQUARED_ERROR) ONE(MEAN_SQUARED_ERROR) \
  ONE(ABSOLUTE_ERROR) ONE(HUBER) ONE(POISSON) ONE(IDENTITY)
enum class Loss : std::int32_t { CHAINRULE_LOSSES(CHAINRULE_NUMBERED) };
constexpr const char* LOSS_NAMES[] = {CHAINRULE_LOSSES(CHAINRULE_NAMED) nullptr};

// The declared pairs of network/pairs.py, loss and output: each has its case in `finish`. 0 is the general path.
#define CHAINRULE_PAIRS(ONE) \
  ONE(CROSS_ENTROPY, SOFTMAX) ONE(CROSS_ENTROPY, SIGMOID) ONE(BINARY_CROSS_ENTROPY, SIGMOID) \
  ONE(BINARY_CROSS_ENTROPY, SOFTMAX) ONE(POISSON, SOFTMAX) ONE(POISSON, SIGMOID) ONE(POISSON, SOFTPLUS) ONE(POISSON, EXP)
#define CHAINRULE_PAIR_NUMBERED(loss, output) loss##_##output,
#define CHAINRULE_PAIR_NAMED(loss, output) #loss " " #output,
enum Pair : std::int32_t { GENERAL, CHAINRULE_PAIRS(CHAINRULE_PAIR_NUMBERED) };
constexpr const char* PAIR_NAMES[] = {"", CHAINRULE_PAIRS(CHAINRULE_PAIR_NAMED) nullptr};

constexpr double HUBER_DELTA = 1.0;
constexpr Index ROOM = 5;  // numbers for each example that `finish` works in

// The last layer of `count` examples from column r0 on: `units` hold a_L and become yhat, `delta` becomes grad a_L.
template <class T>
struct Last {
  T* units;
  const T* targets;
  const T* c;  // coefficients, of the first example first
  T* delta;
  Index n, k, r0, count;
  T* work;

  T* of(T* values, Index o) const { return values + o * n + r0; }
  const T* of(const T* values, Index o) const { return values + o * n + r0; }
};

template <class T>
void find_tops(const Last<T>& l, T* RESTRICT tops) {
  const T* RESTRICT first = l.of(l.units, 0);
  for (Index r = 0; r < l.count; r++) tops[r] = first[r];
  for (Index o = 1; o < l.k; o++) {
    const T* RESTRICT a = l.of(l.units, o);
#pragma omp simd
    for (Index r = 0; r < l.count; r++) tops[r] = a[r] > tops[r] ? a[r] : tops[r];
  }
}

// Columns, less their tops, become e^a; `rests` the sum of e^a over all but one of the largest. An entry takes the place
// of the largest so far or is added to the rest; NaN is passed on by the comparison that fails.
template <class T>
void raise_columns(const Last<T>& l, const T* RESTRICT tops, T* RESTRICT most, T* RESTRICT rests) {
  for (Index r = 0; r < l.count; r++) most[r] = rests[r] = T(0);
  for (Index o = 0; o < l.k; o++) {
    T* RESTRICT a = l.of(l.units, o);
#pragma omp simd
    for (Index r = 0; r < l.count; r++) {
      const T e = exponential(a[r] - tops[r]), before = most[r];
      a[r] = e;
      rests[r] += before < e ? before : e;
      most[r] = before > e ? before : e;
    }
  }
}

template <class T>
void soften(const Last<T>& l, T* RESTRICT tops, T* RESTRICT most, T* RESTRICT rests) {
  find_tops(l, tops);
  raise_columns(l, tops, most, rests);
  for (Index o = 0; o < l.k; o++) {
    T* RESTRICT a = l.of(l.units, o);
#pragma omp simd
    for (Index r = 0; r < l.count; r++) a[r] /= T(1) + rests[r];
  }
}

// Cross-entropy or Poisson loss of a softmax: dl/da = yhat sum(y) - y.
template <class T>
double finish_softmax(const Last<T>& l, bool poisson) {
  const Index n = l.count;
  T *RESTRICT tops = l.work, *RESTRICT most = tops + n, *RESTRICT rests = most + n, *RESTRICT whole = rests + n,
             *RESTRICT inner = whole + n;
  find_tops(l, tops);
  for (Index r = 0; r < n; r++) whole[r] = inner[r] = T(0);
  for (Index o = 0; o < l.k; o++) {
    const T *RESTRICT a = l.of(l.units, o), *RESTRICT y = l.of(l.targets, o);
#pragma omp simd
    for (Index r = 0; r < n; r++) {
      whole[r] += y[r];
      inner[r] += y[r] * (a[r] - tops[r]);
    }
  }
  raise_columns(l, tops, most, rests);
  const T more = poisson ? T(1) : T(0);
  const T* RESTRICT c = l.c;
  double total = 0;
#pragma omp simd reduction(+ : total)
  for (Index r = 0; r < n; r++) {
    const T value = whole[r] * log_of_one_and(rests[r]) + more - inner[r];
    total += double(c[r] != T(0) ? c[r] * value : T(0));
    rests[r] = T(1) / (T(1) + rests[r]);
  }
  for (Index o = 0; o < l.k; o++) {
    T *RESTRICT yhat = l.of(l.units, o), *RESTRICT d = l.of(l.delta, o);
    const T* RESTRICT y = l.of(l.targets, o);
#pragma omp simd
    for (Index r = 0; r < n; r++) {
      const T p = yhat[r] * rests[r];
      yhat[r] = p;
      d[r] = c[r] * (p * whole[r] - y[r]);
    }
  }
  return total;
}

// Binary cross-entropy of a softmax through log p and log(1 - p), so that nothing cancels next to 0 and 1; `delta` first
// takes log p, then the gradient. `inner`: 2 k numbers.
template <class T>
double finish_bce_softmax(const Last<T>& l, T* RESTRICT inner) {
  const Index n = l.n, k = l.k;
  T *tops = l.work, *most = tops + l.count, *rests = most + l.count, *logs = inner, *logs_of_rest = inner + k;
  double total = 0;
  find_tops(l, tops);
  for (Index o = 0; o < k; o++)
    for (Index r = 0; r < l.count; r++) l.of(l.delta, o)[r] = l.of(l.units, o)[r] - tops[r];
  soften(l, tops, most, rests);
  for (Index r = 0; r < l.count; r++) {
    const Index at = l.r0 + r;
    const T whole = log_of_one_and(rests[r]), c = l.c[r];
    for (Index o = 0; o < k; o++) {
      logs[o] = l.delta[o * n + at] - whole;
      if (logs[o] < T(-1)) {
        logs_of_rest[o] = T(__builtin_log1p(double(-l.units[o * n + at])));
        continue;
      }
      T peak = T(-__builtin_inf()), others = 0;  // of the sum over the others
      for (Index j = 0; j < k; j++)
        if (j != o && l.delta[j * n + at] > peak) peak = l.delta[j * n + at];
      for (Index j = 0; j < k; j++)
        if (j != o) others += exponential(l.delta[j * n + at] - peak);
      logs_of_rest[o] = logarithm(others) + peak - whole;
    }
    for (Index m = 0; m < k; m++) {
      const T y = l.targets[m * n + at], p = l.units[m * n + at];
      if (c != T(0)) total -= double(c * (y * logs[m] + (T(1) - y) * logs_of_rest[m]));
      T slope = (T(1) - y) * p - y * exponential(logs_of_rest[m]);
      for (Index j = 0; j < k; j++) {
        if (j == m) continue;
        const T from = logs[m] - logs_of_rest[j], ratio = exponential(from < T(0) ? from : T(0));
        slope += l.targets[j * n + at] * p - (T(1) - l.targets[j * n + at]) * l.units[j * n + at] * ratio;
      }
      l.delta[m * n + at] = c * slope;
    }
  }
  return total;
}

// One output's yhat, term of the loss and derivative by a_L, of a declared pair with an elementwise output.
template <std::int32_t PAIR, class T>
INLINE void paired_term(T a, T y, T& p, T& value, T& slope) {
  if constexpr (PAIR == POISSON_EXP) {
    p = exponential(a), value = p - y * a, slope = p - y;
  } else if constexpr (PAIR == BINARY_CROSS_ENTROPY_SIGMOID) {
    p = logistic(a), value = y * soft_plus(-a) + (T(1) - y) * soft_plus(a), slope = p - y;
  } else if constexpr (PAIR == CROSS_ENTROPY_SIGMOID) {
    p = logistic(a), value = y * soft_plus(-a), slope = -y * logistic(-a);
  } else if constexpr (PAIR == POISSON_SIGMOID) {
    p = logistic(a), value = p + y * soft_plus(-a), slope = (p - y) * logistic(-a);
  } else {  // POISSON_SOFTPLUS
    p = soft_plus(a);
    const T rise = a < Bits<T>::few ? T(1) - T(0.5) * exponential(a) : logistic(a) / p;
    value = p - y * log_soft_plus(a), slope = logistic(a) - y * rise;
  }
}

template <std::int32_t PAIR, class T>
double finish_pair(const Last<T>& l) {
  double total = 0;
  const T* RESTRICT c = l.c;
  for (Index o = 0; o < l.k; o++) {
    T *RESTRICT units = l.of(l.units, o), *RESTRICT d = l.of(l.delta, o);
    const T* RESTRICT y = l.of(l.targets, o);
#pragma omp simd reduction(+ : total)
    for (Index r = 0; r < l.count; r++) {
      T p, value, slope;
      paired_term<PAIR>(units[r], y[r], p, value, slope);
      units[r] = p;
      d[r] = c[r] != T(0) ? c[r] * slope : T(0);
      total += double(c[r] != T(0) ? c[r] * value : T(0));
    }
  }
  return total;
}

// One output's term of a loss, and its derivative by yhat.
template <class T>
INLINE void term(Loss loss, T p, T y, Index k, T& value, T& slope) {
  const T e = p - y, bound = T(HUBER_DELTA);
  value = p, slope = T(1);  // of the identity
  switch (loss) {
    case Loss::CROSS_ENTROPY: case Loss::BINARY_CROSS_ENTROPY: case Loss::POISSON:
      value = y == T(0) ? T(0) : -(y * logarithm(p));
      slope = y == T(0) ? T(0) : -(y / p);
      if (loss == Loss::BINARY_CROSS_ENTROPY && T(1) - y != T(0)) {
        value -= (T(1) - y) * logarithm(T(1) - p);
        slope += (T(1) - y) / (T(1) - p);
      }
      if (loss == Loss::POISSON) value += p, slope += T(1);
      return;
    case Loss::SQUARED_ERROR: value = e * e, slope = T(2) * e; return;
    case Loss::HALF_SQUARED_ERROR: value = T(0.5) * e * e, slope = e; return;
    case Loss::MEAN_SQUARED_ERROR: value = e * e / T(k), slope = T(2) * e / T(k); return;
    case Loss::ABSOLUTE_ERROR: value = absolute(e), slope = e > T(0) ? T(1) : e < T(0) ? T(-1) : e; return;
    case Loss::HUBER:
      value = absolute(e) <= bound ? T(0.5) * e * e : bound * (absolute(e) - T(0.5) * bound);
      slope = e > bound ? bound : e < -bound ? -bound : e;
      return;
    case Loss::IDENTITY: return;
  }
}

// The general path: `units` hold yhat, `delta` the output's slopes where it is elementwise.
template <class T>
double finish_generally(const Last<T>& l, Loss loss, bool softmax) {
  const Index n = l.n, k = l.k;
  double total = 0;
  for (Index r = 0; r < l.count; r++) {
    const Index at = l.r0 + r;
    const T c = l.c[r];
    T value, slope, centre = 0, pivot = 0;
    if (softmax) {
      Index likely = 0;
      for (Index o = 1; o < k; o++)
        if (l.units[o * n + at] > l.units[likely * n + at]) likely = o;
      term(loss, l.units[likely * n + at], l.targets[likely * n + at], k, value, pivot);
    }
    for (Index o = 0; o < k; o++) {
      T& d = l.delta[o * n + at];
      term(loss, l.units[o * n + at], l.targets[o * n + at], k, value, slope);
      total += c != T(0) ? double(c * value) : 0.0;
      if (softmax) {
        centre += (slope - pivot) * l.units[o * n + at];
        d = slope - pivot;
      } else {
        d = c != T(0) ? c * (slope * d) : T(0);
      }
    }
    if (softmax)
      for (Index o = 0; o < k; o++) {
        T& d = l.delta[o * n + at];
        d = c != T(0) ? c * (l.units[o * n + at] * (d - centre)) : T(0);
      }
  }
  return total;
}

// yhat, and the slopes of an elementwise output where they are wanted.
template <bool SLOPES = true, class T>
void outputs(const Last<T>& l, std::int32_t output) {
  if (output == SOFTMAX) {
    soften(l, l.work, l.work + l.count, l.work + 2 * l.count);
    return;
  }
  for (Index o = 0; o < l.k; o++) activate<SLOPES>(output, l.of(l.units, o), SLOPES ? l.of(l.delta, o) : nullptr, l.count);
}

// Returned: sum_n c_n l_n.
template <class T>
double finish(const Rules& rules, const Last<T>& l) {
  switch (Pair(rules.pair)) {
    case GENERAL: break;
    case CROSS_ENTROPY_SOFTMAX: return finish_softmax(l, false);
    case POISSON_SOFTMAX: return finish_softmax(l, true);
    case BINARY_CROSS_ENTROPY_SOFTMAX: return finish_bce_softmax(l, l.work + 3 * l.count);
    case BINARY_CROSS_ENTROPY_SIGMOID: return finish_pair<BINARY_CROSS_ENTROPY_SIGMOID>(l);
    case CROSS_ENTROPY_SIGMOID: return finish_pair<CROSS_ENTROPY_SIGMOID>(l);
    case POISSON_SIGMOID: return finish_pair<POISSON_SIGMOID>(l);
    case POISSON_SOFTPLUS: return finish_pair<POISSON_SOFTPLUS>(l);
    case POISSON_EXP: return finish_pair<POISSON_EXP>(l);
  }
  outputs(l, rules.output);
  return finish_generally(l, Loss(rules.loss), rules.output == SOFTMAX);
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
