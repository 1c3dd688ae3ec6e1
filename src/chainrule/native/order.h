// The order of an epoch's rows, as train/order.py has it.
#pragma once
#include "records.h"

namespace chainrule {

constexpr std::uint64_t ORDER_STEP = 0x9E3779B97F4A7C15u;

inline std::uint64_t mix_64(std::uint64_t h) {
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  return h ^ (h >> 31);
}

// The key of words, and of one more.
inline std::uint64_t key_with(std::uint64_t key, std::uint64_t word) { return mix_64((key ^ word) + ORDER_STEP); }

// The order of `count` rows, fewer than 2^32.
inline void draw_order(std::uint64_t key, Index count, Index* order) {
  for (Index r = 0; r < count; r++) {
    key += ORDER_STEP;
    const Index place = Index((mix_64(key) >> 32) * std::uint64_t(r + 1) >> 32);
    order[r] = order[place];  // where it is r itself, what lies there is of no account
    order[place] = r;
  }
}

}  // namespace chainrule
