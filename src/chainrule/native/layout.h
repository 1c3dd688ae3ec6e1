// The parameter layout: which thread owns which units, and where its parameters lie in the vector of the kernels.
#pragma once
#include <algorithm>
#include <vector>

#include "records.h"

namespace chainrule {

constexpr Index LINE_BYTES = 64;  // that a processor takes from another at once: no two threads' parameters lie in one

inline Index whole_lines(Index count, Index itemsize) {
  const Index numbers = LINE_BYTES / itemsize;
  return (count + numbers - 1) / numbers * numbers;
}

class Shared {
 public:
  Shared(const Index* widths, Index depth, Index threads, Index batch, Index itemsize)
      : sizes(widths, widths + depth + 1), cuts(depth * (threads + 1)), places(threads * depth), starts(depth) {
    const Index unit = LINE_BYTES / itemsize;
    for (Index i = 0; i < depth; i++)
      for (Index t = 0; t <= threads; t++)
        cuts[i * (threads + 1) + t] = std::min((sizes[i] + unit - 1) / unit * t / threads * unit, sizes[i]);
    Index at = 0;
    for (Index t = 0; t < threads; t++)
      for (Index i = 0; i < depth; i++) {
        places[t * depth + i] = at;
        const bool last = i == depth - 1;
        const Index span = cut(last ? i : i + 1, t, threads);
        const Index area = last ? sizes[depth] * span + (t == 0 ? sizes[depth] : 0) : (sizes[i] + 1) * span;
        at += last ? whole_lines(area, itemsize) : area;
      }
    Index start = 0;
    for (Index i = 1; i < depth; i++) {
      starts[i] = start;
      start += whole_lines(batch * sizes[i], itemsize);
    }
    units = start;
    layout = {depth, threads, batch, sizes.data(), cuts.data(), places.data(), starts.data(), at};
  }

  // From the order of Network.flat to that of the kernels, or back.
  template <class T>
  void pack(const T* flat, T* theta) const {
    each([&](Index here, Index there) { theta[there] = flat[here]; });
  }
  template <class T>
  void unpack(const T* theta, T* flat) const {
    each([&](Index here, Index there) { flat[here] = theta[there]; });
  }

  Layout layout;
  Index units = 0;  // numbers of all hidden layers' blocks

 private:
  std::vector<Index> sizes, cuts, places, starts;

  Index cut(Index layer, Index thread, Index threads) const {
    return cuts[layer * (threads + 1) + thread + 1] - cuts[layer * (threads + 1) + thread];
  }

  template <class Pair>
  void each(Pair pair) const {
    const Index depth = layout.depth, threads = layout.threads;
    Index start = 0;
    for (Index i = 1; i <= depth; i++) {
      const Index j = sizes[i - 1], m = sizes[i], owner = i < depth ? i : depth - 1;
      for (Index t = 0; t < threads; t++) {
        const Index first = cuts[owner * (threads + 1) + t], span = cut(owner, t, threads), place = places[t * depth + i - 1];
        if (i < depth) {  // W transposed: (j, own units), then their biases
          for (Index u = 0; u < span; u++)
            for (Index e = 0; e < j; e++) pair(start + (first + u) * j + e, place + e * span + u);
          for (Index u = 0; u < span; u++) pair(start + m * j + first + u, place + j * span + u);
        } else {  // W as it is, of the own inputs: (m, own units); the biases have the first thread
          for (Index o = 0; o < m; o++)
            for (Index u = 0; u < span; u++) pair(start + o * j + first + u, place + o * span + u);
          if (t == 0)
            for (Index o = 0; o < m; o++) pair(start + m * j + o, place + m * span + o);
        }
      }
      start += (j + 1) * m;
    }
  }
};

}  // namespace chainrule
