// C = A B + D of parts of vectors: by tiles of registers where the matrices fit into a core's cache, else by BLAS.
//
// BLAS first copies its operands into an order of its own, which takes as long as the product of a small layer. Here the
// sums of a tile of some rows by two registers stay in registers while they run, and B is read as it lies, row by row.
#pragma once
#include "basics.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

#ifndef CHAINRULE_ROWS
#define CHAINRULE_ROWS (CHAINRULE_BYTES == 64 ? 12 : 6)
#endif
constexpr int ROWS = CHAINRULE_ROWS;    // of a tile: 2 ROWS sums, two registers of B and one of A fit into 16, or 32 of AVX-512
constexpr Index NEAR = Index(1) << 19;  // bytes up to which a matrix is near: the second cache of one core

template <class T, int B>
struct Register {
  typedef T type __attribute__((vector_size(B), aligned(alignof(T)), may_alias));
};

// A tile of M rows by N registers of B bytes: the sums over `depth` terms, from those of D or from 0.
template <class T, int B, int M, int N>
INLINE void tile(const T* a, Index a_row, Index a_step, const T* b, Index b_row, T* c, Index c_row, const T* d,
                 Index d_row, Index depth) {
  using V = typename Register<T, B>::type;
  constexpr int L = B / sizeof(T);
  V sums[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; i++)
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) sums[i][j] = d ? *(const V*)(d + i * d_row + j * L) : V{};
#if defined(__clang__)  // it would load all that four terms need before it uses any, and run out of registers
#pragma clang loop unroll(disable)
#else
#pragma GCC unroll 4
#endif
  for (Index k = 0; k < depth; k++) {
    V row[N];
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) row[j] = *(const V*)(b + k * b_row + j * L);
#pragma GCC unroll 16
    for (int i = 0; i < M; i++) {
      const T factor = a[i * a_row + k * a_step];
#pragma GCC unroll 2
      for (int j = 0; j < N; j++) sums[i][j] += factor * row[j];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; i++)
#pragma GCC unroll 2
    for (int j = 0; j < N; j++) *(V*)(c + i * c_row + j * L) = sums[i][j];
}

// The operands of a product; a row of B, C and D lies in one piece.
template <class T>
struct Factors {
  const T* a;
  Index a_row, a_step;
  const T* b;
  Index b_row;
  T* c;
  Index c_row;
  const T* d;  // null: nothing is added; d_row 0: one row for all
  Index d_row, m, depth;
};

template <class T, int B, int M, int N>
__attribute__((noinline)) void tile_at(const Factors<T>& f, Index row, Index column) {
  tile<T, B, M, N>(f.a + row * f.a_row, f.a_row, f.a_step, f.b + column, f.b_row, f.c + row * f.c_row + column, f.c_row,
                   f.d ? f.d + row * f.d_row + column : nullptr, f.d_row, f.depth);
}

template <class T, int B, int N, int M>
INLINE void some_rows(const Factors<T>& f, Index row, Index column, Index rows) {
  if constexpr (M > 0) {
    if (rows == M) return tile_at<T, B, M, N>(f, row, column);
    some_rows<T, B, N, M - 1>(f, row, column, rows);
  }
}

// All rows of N registers of columns: tiles as even as may be.
template <class T, int B, int N>
INLINE void columns(const Factors<T>& f, Index column) {
  const Index tiles = (f.m + ROWS - 1) / ROWS;
  Index first = 0;
  for (Index t = 1; t <= tiles; t++) {
    const Index last = f.m * t / tiles;
    some_rows<T, B, N, ROWS>(f, first, column, last - first);
    first = last;
  }
}

// The last columns, fewer than a register holds, by ever shorter ones.
template <class T, int B>
INLINE void last_columns(const Factors<T>& f, Index column, Index n) {
  if constexpr (B >= int(sizeof(T))) {
    constexpr Index L = B / sizeof(T);
    if (n - column >= L) {
      columns<T, B, 1>(f, column);
      column += L;
    }
    if (column < n) last_columns<T, B / 2>(f, column, n);
  }
}

template <class T>
void multiply(const Factors<T>& f, Index n) {
  constexpr Index L = BYTES / sizeof(T);
  Index column = 0;
  for (; n - column >= 2 * L; column += 2 * L) columns<T, BYTES, 2>(f, column);
  last_columns<T, BYTES>(f, column, n);
}

// The lower numbers of two vectors in turn, or the upper ones, in each piece of 16 bytes by itself.
template <bool UPPER, int L, class V>
INLINE V interleave(V a, V b) {
  constexpr int S = sizeof(V) / 16 * L, U = UPPER ? L / 2 : 0;
  if constexpr (S == 2) return __builtin_shufflevector(a, b, U, S + U);
  if constexpr (S == 4 && L == 2) return __builtin_shufflevector(a, b, U, S + U, U + 2, S + U + 2);
  if constexpr (S == 8 && L == 2)
    return __builtin_shufflevector(a, b, U, S + U, U + 2, S + U + 2, U + 4, S + U + 4, U + 6, S + U + 6);
  if constexpr (S == 4 && L == 4) return __builtin_shufflevector(a, b, U, S + U, U + 1, S + U + 1);
  if constexpr (S == 8 && L == 4)
    return __builtin_shufflevector(a, b, U, S + U, U + 1, S + U + 1, U + 4, S + U + 4, U + 5, S + U + 5);
  if constexpr (S == 16)
    return __builtin_shufflevector(a, b, U, S + U, U + 1, S + U + 1, U + 4, S + U + 4, U + 5, S + U + 5, U + 8, S + U + 8,
                                   U + 9, S + U + 9, U + 12, S + U + 12, U + 13, S + U + 13);
}

// Pieces of 16 bytes of some rows, `stride` apart, as one register of B bytes.
template <class T, int B>
INLINE typename Register<T, B>::type pieces(const T* at, Index stride) {
  if constexpr (B == 16) {
    return *(const typename Register<T, 16>::type*)at;
  } else {
    const auto first = pieces<T, B / 2>(at, stride), second = pieces<T, B / 2>(at + B / 32 * stride, stride);
    constexpr int S = B / 2 / sizeof(T);
    if constexpr (S == 2) return __builtin_shufflevector(first, second, 0, 1, 2, 3);
    if constexpr (S == 4) return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7);
    if constexpr (S == 8)
      return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

// As many rows as a register of B bytes holds numbers, from `rows` on, of (n, m) that becomes (m, n); returned: the row
// after the last.
template <class T, int B>
INLINE Index turn_rows(const T* RESTRICT from, Index stride, Index n, Index whole, T* RESTRICT into, Index row) {
  constexpr Index L = 16 / sizeof(T), S = B / sizeof(T);
  using V = typename Register<T, B>::type;
  for (; row + S <= n; row += S)
    for (Index u = 0; u < whole; u += L) {
      const T* at = from + row * stride + u;
      T* to = into + u * n + row;
      const V p = pieces<T, B>(at, L * stride), q = pieces<T, B>(at + stride, L * stride);
      if constexpr (L == 4) {
        const V s = pieces<T, B>(at + 2 * stride, L * stride), t = pieces<T, B>(at + 3 * stride, L * stride);
        const V ps = interleave<false, L>(p, s), PS = interleave<true, L>(p, s);
        const V qt = interleave<false, L>(q, t), QT = interleave<true, L>(q, t);
        *(V*)to = interleave<false, L>(ps, qt);
        *(V*)(to + n) = interleave<true, L>(ps, qt);
        *(V*)(to + 2 * n) = interleave<false, L>(PS, QT);
        *(V*)(to + 3 * n) = interleave<true, L>(PS, QT);
      } else {
        *(V*)to = interleave<false, L>(p, q);
        *(V*)(to + n) = interleave<true, L>(p, q);
      }
    }
  return row;
}

// The matrix (n, m), `stride` from row to row, becomes (m, n) in `into`.
template <class T>
void turn(const T* RESTRICT from, Index stride, Index n, Index m, T* RESTRICT into) {
  constexpr Index L = 16 / sizeof(T);
  const Index whole = m / L * L;
  Index rows = turn_rows<T, BYTES>(from, stride, n, whole, into, 0);
  if constexpr (BYTES > 16) rows = turn_rows<T, 16>(from, stride, n, whole, into, rows);
  for (Index u = 0; u < m; u++)
    for (Index r = u < whole ? rows : 0; r < n; r++) into[u * n + r] = from[r * stride + u];
}

inline bool near(Index m, Index n, Index k, Index itemsize) {
  return m * n * itemsize <= NEAR && m * k * itemsize <= NEAR && n * k * itemsize <= NEAR;
}

using Sgemm = void (*)(char*, char*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*);
using Dgemm = void (*)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
INLINE void call_gemm(Gemm gemm, char* ta, char* tb, int* m, int* n, int* k, float* one, float* a, int* lda, float* b,
                      int* ldb, float* beta, float* c, int* ldc) {
  reinterpret_cast<Sgemm>(gemm)(ta, tb, m, n, k, one, a, lda, b, ldb, beta, c, ldc);
}
INLINE void call_gemm(Gemm gemm, char* ta, char* tb, int* m, int* n, int* k, double* one, double* a, int* lda, double* b,
                      int* ldb, double* beta, double* c, int* ldc) {
  reinterpret_cast<Dgemm>(gemm)(ta, tb, m, n, k, one, a, lda, b, ldb, beta, c, ldc);
}

// C (m, n) = A (m, k) B (k, n) + D. Of a_row and a_step one is 1. `turned`: B lies turned over, (n, k), b_row from row to
// row of that; `work` has room for `size` numbers.
template <class T>
void product(Gemm gemm, const T* a, Index a_row, Index a_step, const T* b, Index b_row, bool turned, T* c, Index c_row,
             const T* d, Index d_row, Index m, Index n, Index k, T* work, Index size) {
  if (m == 0 || n == 0) return;
  const bool fits = !turned || n * k <= size;
  if (fits && (!gemm || near(m, n, k, sizeof(T)))) {
    if (turned) {
      turn(b, b_row, n, k, work);
      b = work, b_row = n;
    }
    multiply(Factors<T>{a, a_row, a_step, b, b_row, c, c_row, d, d_row, m, k}, n);
    return;
  }
  if (!gemm) {  // no BLAS, and too large to be turned over at once: some rows of what lies turned at a time
    const Index most = size / (k > 0 ? k : 1);
    if (most > 0) {
      for (Index u = 0; u < n; u += most) {
        const Index some = least(most, n - u);
        product(gemm, a, a_row, a_step, b + u * b_row, b_row, true, c + u, c_row, d ? d + u : nullptr, d_row, m, some, k, work, size);
      }
      return;
    }
    for (Index r = 0; r < m; r++)
      for (Index u = 0; u < n; u++) {
        T sum = d ? d[r * d_row + u] : T(0);
        for (Index j = 0; j < k; j++) sum += a[r * a_row + j * a_step] * b[u * b_row + j];
        c[r * c_row + u] = sum;
      }
    return;
  }
  if (k == 0 || (d && (d != c || d_row != c_row)))
    for (Index r = 0; r < m; r++)
      for (Index u = 0; u < n; u++) c[r * c_row + u] = d ? d[r * d_row + u] : T(0);
  if (k == 0) return;
  // BLAS counts columns first: there C is C^T = B^T A^T
  const bool by_row = a_step == 1;
  char of_b = turned ? 'T' : 'N', of_a = by_row ? 'N' : 'T';
  int rows = int(n), columns = int(m), terms = int(k), b_lead = int(b_row), a_lead = int(by_row ? (a_row > k ? a_row : k) : a_step), c_lead = int(c_row);
  T one = 1, beta = d ? T(1) : T(0);
  call_gemm(gemm, &of_b, &of_a, &rows, &columns, &terms, &one, const_cast<T*>(b), &b_lead, const_cast<T*>(a), &a_lead, &beta, c, &c_lead);
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
