// What the library and its variants share: records without code, so that no function is compiled twice under one name.
#pragma once
#include <cstdint>

namespace chainrule {

using Index = std::int64_t;

// The numbers of the ways to update; native/library.py has them by name, and a test compares the two.
enum Rule : std::int32_t { SGD, MOMENTUM, NESTEROV, ADAM };

// C (m, n) = op(A) op(B) + beta C in BLAS's order, by address: SciPy's own library.
using Gemm = void*;

// Which thread owns which units, and where its parameters lie (passes.h says why).
struct Layout {
  Index depth, threads, batch;
  const Index* sizes;   // (depth + 1)
  const Index* cuts;    // (depth, threads + 1): the first unit of each thread in each layer but the last
  const Index* places;  // (threads, depth): where each layer's parameters begin in theta
  const Index* starts;  // (depth): where each layer's block begins in units, slopes and deltas
  Index count;          // numbers of theta
};

// What a network computes.
struct Rules {
  const std::int32_t* hidden;  // (depth - 1) of Activation
  std::int32_t output, loss, pair, mean;  // of Activation, Loss and Pair; 0 or 1
  const double* limits;         // (depth - 1): at or below such a slope a unit is asleep
  const std::uint32_t* below;   // (depth - 1) or null: dropout drops where the draw is below
  const double* factors;        // (depth - 1): what a kept unit is multiplied with
  std::uint32_t seed;           // of dropout
};

// What an update does.
template <class T>
struct Updates {
  T *theta, *m, *v;
  std::int32_t rule;
  double momentum, beta_1, beta_2, epsilon, l2;
};

// Room to work in: for each thread a row that begins with a line of the cache of its own.
template <class T>
struct Room {
  Index sides, together;  // sides that steps take in turn; whether the threads gather a minibatch together
  T *inputs, *units, *slopes, *deltas, *pulled, *logits, *yhats, *grads_a, *targets, *c, *work;
  Index input_row, unit_row, pulled_row, logit_row, target_row, c_row, work_row;
  Index block;      // numbers of a layer's gradient that is used while in the cache
  double* partial;  // (threads, 8)
};

// The rows of one call.
template <class T>
struct Rows {
  const T* x;
  const Index* labels;  // or null
  const T* y;           // (rows, k), or null
  const T* weight;      // or null
  const Index* order;
  Index count;  // of order
};

// One call: some minibatches.
template <class T>
struct Call {
  const Layout* layout;
  const Rules* rules;
  const Room<T>* room;
  Updates<T> updates;
  Rows<T> rows;
  const double *rates, *decays;
  Index first_step;       // before these, for the keys of dropout
  Index every;            // health is observed in each such step, the gradient's in the last; 0: not at all
  std::int32_t learning;  // 0: the forward pass alone, without dropout or penalty
  std::int32_t mean;
  Index* asleep;    // (units of hidden layers)
  double* health;   // (threads, depth, 3): squares of gradient, parameters and step
  T* outputs;       // (count, k), or null: takes yhat of each row
  Gemm gemm;        // null: every product by tiles
  Index* sync;      // (threads + 1) lines: whether a thread failed, and how often each has met the others
  double loss, right, observed, weight;
  Index failed;  // the step whose loss was no longer finite, or -1
};

// The forward pass alone of some rows, by parameters as a network has them.
template <class T>
struct Pass {
  Index depth;
  const Index* sizes;           // (depth + 1)
  const std::int32_t* hidden;   // (depth - 1) of Activation
  std::int32_t output;
  const T* const* turned;       // of each layer W transposed, (inputs, units)
  const T* const* biases;
  const T* x;                   // (rows, d)
  T* yhat;                      // (rows, k)
};

constexpr Index TURNED = 4096;  // inputs up to which rows are predicted side by side

// The units of the widest layer that a prediction writes: the inputs count where they are turned over.
inline Index widest_layer(const Index* sizes, Index depth) {
  Index widest = sizes[0] <= TURNED ? sizes[0] : 0;
  for (Index i = 1; i <= depth; i++) widest = widest > sizes[i] ? widest : sizes[i];
  return widest;
}

// What one variant of the code gives: one function a purpose and type.
struct Variant {
  const char* name;
  const char* const* names[3];  // of activations and outputs, of losses, and of pairs, by number; null after the last
  void (*steps_32)(Call<float>*, Index thread);
  void (*steps_64)(Call<double>*, Index thread);
  void (*predict_32)(const Pass<float>*, Index first, Index last, Index block, float* work);
  void (*predict_64)(const Pass<double>*, Index first, Index last, Index block, double* work);
  void (*product_32)(const float*, Index, Index, const float*, Index, int, float*, Index, const float*, Index, Index, Index, Index, float*, Index);
  void (*product_64)(const double*, Index, Index, const double*, Index, int, double*, Index, const double*, Index, Index, Index, Index, double*, Index);
  void (*activate_32)(std::int32_t, float*, float*, Index);
  void (*activate_64)(std::int32_t, double*, double*, Index);
  void (*evaluate_32)(std::int32_t, const float*, float*, Index);  // exp, log1p, erfc, expm1: for the tests
  void (*evaluate_64)(std::int32_t, const double*, double*, Index);
};

}  // namespace chainrule
