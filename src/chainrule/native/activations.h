// Equation forward.act with its slope, fused: h = g(a) and g'(a) in one pass. Stands beside network/activations.py.
//
// The slope is kept, for backward.pre is then a plain product for every activation, and it is exact where g saturates,
// which h(1 - h) is not.
#pragma once
#include "mathematics.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// All that there are, each by its name in network/activations.py, but in capitals; then the outputs that are none of
// them. Python asks for the names. An activation is a name here, and its case below.
#define CHAINRULE_ACTIVATIONS(ONE) \
  ONE(IDENTITY) ONE(SIGMOID) ONE(TANH) ONE(RELU) ONE(LEAKY_RELU) ONE(ELU) ONE(GELU) ONE(SILU) ONE(SOFTPLUS) \
  ONE(EXP) ONE(SOFTMAX)
enum Activation : std::int32_t { CHAINRULE_ACTIVATIONS(CHAINRULE_NUMBERED) };
constexpr const char* ACTIVATION_NAMES[] = {CHAINRULE_ACTIVATIONS(CHAINRULE_NAMED) nullptr};

constexpr double LEAK = 0.01;

// `units` hold a and become h = g(a); `slopes`, as long, become g'(a), or are left alone where none are wanted.
template <bool SLOPES = true, class T>
void activate(std::int32_t code, T* RESTRICT units, T* RESTRICT slopes, Index count) {
  switch (Activation(code)) {
    case IDENTITY:
      if constexpr (SLOPES)
        for (Index i = 0; i < count; i++) slopes[i] = T(1);
      return;
    case SIGMOID:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i], e = exponential(-absolute(a)), share = T(1) / (T(1) + e);
        units[i] = a >= T(0) ? share : e * share;
        if constexpr (SLOPES) slopes[i] = e * share * share;
      }
      return;
    case TANH:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i];
        T e, small;
        exponentials(T(-2) * absolute(a), e, small);
        const T share = T(1) / (T(1) + e);
        units[i] = a < T(0) ? small * share : -small * share;
        if constexpr (SLOPES) slopes[i] = T(4) * e * share * share;
      }
      return;
    case RELU:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i];
        if constexpr (SLOPES) slopes[i] = a <= T(0) ? T(0) : T(1);
        units[i] = a <= T(0) ? T(0) : a;
      }
      return;
    case LEAKY_RELU:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i], slope = a <= T(0) ? T(LEAK) : T(1);
        units[i] = a * slope;
        if constexpr (SLOPES) slopes[i] = slope;
      }
      return;
    case ELU:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i];
        T e, small;
        exponentials(a > T(0) ? T(0) : a, e, small);
        units[i] = a > T(0) ? a : small;
        if constexpr (SLOPES) slopes[i] = e;
      }
      return;
    case GELU:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i], below = T(0.5) * error_complement(a * T(-0.7071067811865476));  // Phi(a)
        units[i] = a * below;
        T near = a > T(40) ? T(40) : a;
        near = near < T(-40) ? T(-40) : near;
        if constexpr (SLOPES) slopes[i] = below + near * exponential(T(-0.5) * near * near) * T(0.3989422804014327);
      }
      return;
    case SILU:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i], e = exponential(-absolute(a)), share = T(1) / (T(1) + e);
        const T rise = a >= T(0) ? share : e * share;
        units[i] = a * rise;
        if constexpr (SLOPES) slopes[i] = rise + a * e * share * share;
      }
      return;
    case SOFTPLUS:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T a = units[i], e = exponential(-absolute(a));
        units[i] = (a < T(0) ? T(0) : a) + log_of_one_and(e);
        if constexpr (SLOPES) slopes[i] = (a >= T(0) ? T(1) : e) / (T(1) + e);
      }
      return;
    case EXP:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T e = exponential(units[i]);
        units[i] = e;
        if constexpr (SLOPES) slopes[i] = e;
      }
      return;
    case SOFTMAX: return;  // of a whole row: output.h
  }
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
