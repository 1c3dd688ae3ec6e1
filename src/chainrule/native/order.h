// The order of an epoch's rows, as train/order.py has it: by the upper half of SplitMix64's numbers, rows of equal ones
// as they lie.
#pragma once
#include <vector>

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

class Order {
 public:
  // The order of `count` rows, fewer than 2^32. The draws are even, so that each has a place of its own but for about one
  // neighbour: they are put there by counting, then each is moved past the few that are higher.
  void draw(std::uint64_t key, Index count, Index* order) {
    drawn.resize(count), sorted.resize(count), places.assign(count + 1, 0);
    const auto place = [count](std::uint64_t row) { return (row >> 32) * std::uint64_t(count) >> 32; };
    for (Index r = 0; r < count; r++) {
      const std::uint64_t number = mix_64(key + std::uint64_t(r + 1) * ORDER_STEP);
      drawn[r] = (number & 0xFFFFFFFF00000000u) | std::uint64_t(r);
      places[place(drawn[r]) + 1]++;
    }
    for (Index p = 0; p < count; p++) places[p + 1] += places[p];
    for (Index r = 0; r < count; r++) sorted[places[place(drawn[r])]++] = drawn[r];
    for (Index r = 0; r < count; r++) {
      const std::uint64_t row = sorted[r];
      Index at = r;
      for (; at > 0 && sorted[at - 1] > row; at--) sorted[at] = sorted[at - 1];
      sorted[at] = row;
    }
    for (Index r = 0; r < count; r++) order[r] = Index(sorted[r] & 0xFFFFFFFFu);
  }

 private:
  std::vector<std::uint64_t> drawn, sorted;  // what a row draws, then its number
  std::vector<std::uint32_t> places;         // how many rows have lower ones
};

}  // namespace chainrule
