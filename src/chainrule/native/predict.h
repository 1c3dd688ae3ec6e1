// Equations forward.pre, forward.act and forward.out alone, of any rows: some at a time, through all layers while they are
// in the cache.
#pragma once
#include "output.h"
#include "product.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// Rows first to last, `block` at a time. `work` has room for two layers of a block, and of its outputs for 3 more rows.
template <class T>
void predict(const Pass<T>* pass, Index first, Index last, Index block, T* work) {
  const Pass<T>& p = *pass;
  const Index depth = p.depth, k = p.sizes[depth];
  Index widest = k;
  for (Index i = 1; i < depth; i++) widest = widest > p.sizes[i] ? widest : p.sizes[i];
  T *even = work, *odd = even + block * widest, *sums = odd + block * widest;
  for (Index at = first; at < last; at += block) {
    const Index n = least(block, last - at);
    const T* h = p.x + at * p.sizes[0];
    for (Index i = 1; i <= depth; i++) {
      T* into = i % 2 ? odd : even;
      const Index j = p.sizes[i - 1], m = p.sizes[i];
      product<T>(nullptr, h, j, 1, p.turned[i - 1], m, false, into, m, p.biases[i - 1], 0, n, m, j, nullptr, 0);
      if (i < depth) activate<false>(p.hidden[i - 1], into, static_cast<T*>(nullptr), n * m);
      h = into;
    }
    T *logits = depth % 2 ? even : odd, *RESTRICT yhat = p.yhat + at * k;
    for (Index o = 0; o < k; o++)  // class by class, for the output function
      for (Index r = 0; r < n; r++) logits[o * n + r] = h[r * k + o];
    outputs<false>(Last<T>{logits, nullptr, nullptr, nullptr, n, k, 0, n, sums}, p.output);
    for (Index o = 0; o < k; o++)
      for (Index r = 0; r < n; r++) yhat[r * k + o] = logits[o * n + r];
  }
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
