// Included by every part of a variant: types, and the namespace of the variant, without which the linker would keep
// only one of the functions that several variants have under one name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "records.h"

#ifndef CHAINRULE_VARIANT
#define CHAINRULE_VARIANT baseline
#endif
#if defined(__AVX512F__)
#define CHAINRULE_BYTES 64
#elif defined(__AVX2__)
#define CHAINRULE_BYTES 32
#else
#define CHAINRULE_BYTES 16
#endif
#define CHAINRULE_NUMBERED(name) name,  // of an entry of a list, for an enum
#define CHAINRULE_NAMED(name) #name,    // and for its names
#define RESTRICT __restrict__
#define INLINE inline __attribute__((always_inline))

namespace chainrule {
namespace CHAINRULE_VARIANT {

constexpr int BYTES = CHAINRULE_BYTES;  // of a vector register

template <class T>
INLINE T absolute(T x) {
  return x < T(0) ? -x : x;
}
INLINE float square_root(float x) { return __builtin_sqrtf(x); }
INLINE double square_root(double x) { return __builtin_sqrt(x); }
INLINE float logarithm(float x) { return __builtin_logf(x); }
INLINE double logarithm(double x) { return __builtin_log(x); }
INLINE Index least(Index a, Index b) { return a < b ? a : b; }

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
