// What bounds a step, measured by the same products and passes over memory that it needs, and nothing else:
// benchmarks/roofline.py compiles this for the very machine it runs on.
#include "product.h"
using namespace chainrule;
using namespace chainrule::CHAINRULE_VARIANT;

namespace {

// One part's share of the products of some steps, laid out as in the library. `own`: by tiles where they are near.
struct Steps {
  Gemm gemm;
  const Index *sizes, *places, *starts;
  Index depth;
  float *theta, *units, *deltas, *grad, *room;
  Index batch, size, own;
};

void multiply(const Steps& s, const float* a, Index a_row, Index a_step, const float* b, Index b_row, bool turned, float* c,
              Index c_row, Index m, Index n, Index k) {
  if (s.own) return product<float>(s.gemm, a, a_row, a_step, b, b_row, turned, c, c_row, nullptr, 0, m, n, k, s.room, s.size);
  char of_b = turned ? 'T' : 'N', of_a = a_step == 1 ? 'N' : 'T';
  int columns = int(n), rows = int(m), terms = int(k), b_lead = int(b_row), a_lead = int(a_step == 1 ? a_row : a_step), c_lead = int(c_row);
  float one = 1, zero = 0;
  call_gemm(s.gemm, &of_b, &of_a, &columns, &rows, &terms, &one, const_cast<float*>(b), &b_lead, const_cast<float*>(a), &a_lead, &zero, c, &c_lead);
}

}  // namespace

extern "C" void products(const Steps* given, Index part, Index parts, Index steps) {
  const Steps& s = *given;
  const Index r0 = s.batch * part / parts, n = s.batch * (part + 1) / parts - r0;
  for (Index step = 0; step < steps; step++) {
    for (Index i = 1; i <= s.depth; i++) {
      const Index j = s.sizes[i - 1], m = s.sizes[i];
      multiply(s, s.units + s.starts[i - 1] + r0 * j, j, 1, s.theta + s.places[i - 1], m, false, s.units + s.starts[i] + r0 * m, m, n, m, j);
    }
    for (Index i = s.depth; i > 1; i--) {
      const Index j = s.sizes[i - 1], m = s.sizes[i];
      multiply(s, s.deltas + s.starts[i] + r0 * m, m, 1, s.theta + s.places[i - 1], m, true, s.deltas + s.starts[i - 1] + r0 * j, j, n, j, m);
    }
    for (Index i = s.depth; i > 0; i--) {
      const Index j = s.sizes[i - 1], m = s.sizes[i], j0 = j * part / parts, j1 = j * (part + 1) / parts;
      multiply(s, s.units + s.starts[i - 1] + j0, 1, j, s.deltas + s.starts[i], m, false, s.grad + s.places[i - 1] + j0 * m, m, j1 - j0, m, s.batch);
    }
  }
}

// Four vectors read and three written, with next to no arithmetic.
extern "C" void traffic(float* theta, float* m, float* v, const float* grad, Index count, Index part, Index parts, Index steps) {
  const Index e0 = count * part / parts, some = count * (part + 1) / parts - e0;
  float *RESTRICT t = theta + e0, *RESTRICT first = m + e0, *RESTRICT second = v + e0;
  const float* RESTRICT g = grad + e0;
  for (Index step = 0; step < steps; step++)
    for (Index e = 0; e < some; e++) {
      t[e] += g[e];
      first[e] += g[e];
      second[e] += g[e];
    }
}
