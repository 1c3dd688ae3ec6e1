// The rows of a minibatch: their inputs, targets and coefficients, what dropout leaves of them, and what is counted.
//
// Targets and outputs lie class by class, (k, n): a loop over the examples fills registers, one over few classes does not.
#pragma once
#include "basics.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// The rows `order` of x, into (count, d).
template <class T>
void gather(const T* RESTRICT x, const Index* RESTRICT order, Index count, Index d, T* RESTRICT into) {
  for (Index r = 0; r < count; r++) {
    const T* from = x + order[r] * d;
    T* to = into + r * d;
    for (Index j = 0; j < d; j++) to[j] = from[j];
  }
}

// Targets of the rows `order`, one-hot for class numbers, into columns r0.. of (k, n); class numbers as reals.
template <class T>
void answer(const Rows<T>& rows, const Index* order, Index count, T* RESTRICT targets, Index n, Index r0, Index k,
            T* RESTRICT classes) {
  if (rows.labels) {
    for (Index r = 0; r < count; r++) classes[r] = T(rows.labels[order[r]]);
    for (Index o = 0; o < k; o++) {
      T* RESTRICT of_class = targets + o * n + r0;
      const T number = T(o);
#pragma omp simd
      for (Index r = 0; r < count; r++) of_class[r] = classes[r] == number ? T(1) : T(0);
    }
  } else if (rows.y) {
    for (Index r = 0; r < count; r++)
      for (Index o = 0; o < k; o++) targets[o * n + r0 + r] = rows.y[order[r] * k + o];
  }
}

// c_n of each example (network/losses.py); returned: the sum of the weights.
template <class T>
double coefficients(const T* weight, const Index* order, Index n, bool mean, T* RESTRICT into) {
  if (!weight) {
    const T c = mean ? T(1.0 / double(n)) : T(1);
    for (Index r = 0; r < n; r++) into[r] = c;
    return double(n);
  }
  double total = 0;
  for (Index r = 0; r < n; r++) total += double(weight[order[r]]);
  for (Index r = 0; r < n; r++) {
    const double w = double(weight[order[r]]);
    into[r] = T(mean ? (total > 0 ? w / total : 0.0) : w);
  }
  return total;
}

// Count for each unit of (n, units) the examples in which it is asleep.
template <class T>
void observe(const T* RESTRICT slopes, Index n, Index units, double limit, Index* RESTRICT asleep) {
  for (Index r = 0; r < n; r++)
    for (Index u = 0; u < units; u++) asleep[u] += double(absolute(slopes[r * units + u])) <= limit;
}

// How many examples have their largest output at their class; `work`: 2 count numbers.
template <class T>
Index rightly(const T* RESTRICT yhat, Index n, Index r0, Index count, Index k, const T* RESTRICT classes, T* RESTRICT work) {
  T *RESTRICT tops = work, *RESTRICT likely = work + count;
  for (Index r = 0; r < count; r++) tops[r] = yhat[r0 + r], likely[r] = T(0);
  for (Index o = 1; o < k; o++) {
    const T* RESTRICT of_class = yhat + o * n + r0;
    const T number = T(o);
#pragma omp simd
    for (Index r = 0; r < count; r++) {
      const bool higher = of_class[r] > tops[r];
      likely[r] = higher ? number : likely[r];
      tops[r] = higher ? of_class[r] : tops[r];
    }
  }
  Index right = 0;
  for (Index r = 0; r < count; r++) right += likely[r] == classes[r];
  return right;
}

// The finaliser of MurmurHash3, as in train/dropout.py.
INLINE std::uint32_t mix(std::uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
  h = (h ^ (h >> 13)) * 0xC2B2AE35u;
  return h ^ (h >> 16);
}

// The key of dropout in a step and a hidden layer (from 1).
INLINE std::uint32_t key_of(std::uint32_t seed, Index step, Index layer) {
  return mix(mix(std::uint32_t(step) ^ mix(seed)) ^ (std::uint32_t(layer) * 0x9E3779B9u));
}

// Some units of one example, and their slopes: 0 where they are dropped, else times `factor`.
template <class T>
void drop(T* RESTRICT units, T* RESTRICT slopes, Index count, Index row, Index first_unit, std::uint32_t key,
          std::uint32_t below, T factor) {
  const std::uint32_t drawn = mix(std::uint32_t(row) ^ key), first = std::uint32_t(first_unit);
#pragma omp simd
  for (std::uint32_t u = 0; u < std::uint32_t(count); u++) {
    const T kept = mix((first + u) ^ drawn) >= below ? factor : T(0);
    units[u] *= kept;
    slopes[u] *= kept;
  }
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
