// Equations forward.pre, forward.act and forward.out alone, of any rows: some at a time, through all layers while they are
// in the cache.
#pragma once
#include "output.h"
#include "product.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// Layers 1 to depth of `n` rows that lie as (n, d): units side by side in a register. Returned: a_L, class by class.
template <class T>
T* by_units(const Pass<T>& p, const T* x, Index n, T* even, T* odd) {
  const T* h = x;
  for (Index i = 1; i <= p.depth; i++) {
    T* into = i % 2 ? odd : even;
    const Index j = p.sizes[i - 1], m = p.sizes[i];
    product<T>(nullptr, h, j, 1, p.turned[i - 1], m, false, into, m, p.biases[i - 1], 0, n, m, j, nullptr, 0);
    if (i < p.depth) activate<false>(p.hidden[i - 1], into, static_cast<T*>(nullptr), n * m);
    h = into;
  }
  T* logits = p.depth % 2 ? even : odd;
  const Index k = p.sizes[p.depth];
  for (Index o = 0; o < k; o++)
    for (Index r = 0; r < n; r++) logits[o * n + r] = h[r * k + o];
  return logits;
}

// The same with the rows side by side: no layer is too narrow for a register, and a_L comes out class by class.
template <class T>
T* by_rows(const Pass<T>& p, const T* x, Index n, T* even, T* odd) {
  turn(x, p.sizes[0], n, p.sizes[0], even);
  T *h = even, *into = odd;
  for (Index i = 1; i <= p.depth; i++) {
    const Index j = p.sizes[i - 1], m = p.sizes[i];
    for (Index u = 0; u < m; u++)
      for (Index r = 0; r < n; r++) into[u * n + r] = p.biases[i - 1][u];
    product<T>(nullptr, p.turned[i - 1], 1, m, h, n, false, into, n, into, n, m, n, j, nullptr, 0);
    if (i < p.depth) activate<false>(p.hidden[i - 1], into, static_cast<T*>(nullptr), m * n);
    T* free = h;
    h = into;
    into = free;
  }
  return h;
}

// Whether by_rows is quicker, by the registers that by_units fills in part: measured, to turn an input over costs two.
template <class T>
bool rows_side_by_side(const Pass<T>& p) {
  constexpr Index L = BYTES / sizeof(T);
  Index lost = 0;  // in L-ths of a register, for each row
  for (Index i = 1; i <= p.depth; i++) {
    Index parts = 0;
    for (Index rest = p.sizes[i] % L; rest > 0; rest &= rest - 1) parts++;
    lost += p.sizes[i - 1] * (parts * L - p.sizes[i] % L);
  }
  return p.sizes[0] <= TURNED && lost > 2 * L * p.sizes[0];
}

// Rows first to last, `block` at a time. `work` has room for two layers of a block, the inputs among them where they are
// at most TURNED, and of its outputs for 3 more rows.
template <class T>
void predict(const Pass<T>* pass, Index first, Index last, Index block, T* work) {
  const Pass<T>& p = *pass;
  const Index k = p.sizes[p.depth];
  const bool across = rows_side_by_side(p);
  const Index layer = block * widest_layer(p.sizes, p.depth);
  T *even = work, *odd = even + layer, *sums = odd + layer;
  for (Index at = first; at < last; at += block) {
    const Index n = least(block, last - at);
    const T* x = p.x + at * p.sizes[0];
    const bool rows = across && n >= BYTES / Index(sizeof(T));
    T *logits = rows ? by_rows(p, x, n, even, odd) : by_units(p, x, n, even, odd), *RESTRICT yhat = p.yhat + at * k;
    outputs<false>(Last<T>{logits, nullptr, nullptr, nullptr, n, k, 0, n, sums}, p.output);
    for (Index o = 0; o < k; o++)
      for (Index r = 0; r < n; r++) yhat[r * k + o] = logits[o * n + r];
  }
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
