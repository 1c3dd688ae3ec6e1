// Equations forward.pre, backward.hidden, backward.pre, backward.weight and backward.bias through all layers, and the loop
// over minibatches: gather, forward, backward, update. The loop of train/plain.py, fused.
//
// Each thread owns some units of every layer: it computes them, keeps the weights that lead to them, and is the only one
// to read and change those. The last layer is owned by its inputs instead: each thread adds up what its own hidden units
// give to every output. So values of a minibatch go from thread to thread, never weights. What one thread reads of
// another it reads after they have met. On one thread all of this is the plain backward pass.
//
// Memory: a thread's parameters lie one after another, for each layer but the last W_i transposed, (all units of layer
// i-1, own units of layer i), then b_i; for the last W_L, (outputs, own units of layer L-1), then b_L, which the first
// thread has. Of a minibatch, the units that other threads read lie example by example, (n, units of the layer); the last
// hidden layer's, slopes and gradients in a block a thread, (n, own units); outputs and their gradients class by class,
// (k, n), because k is often less than a register holds.
#pragma once
#include "output.h"
#include "product.h"
#include "rows.h"
#include "threads.h"
#include "update.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

constexpr Index MANY = Index(1) << 13;  // outputs of a minibatch from which the threads share them out

// One thread's part of a call.
template <class T>
class Worker {
 public:
  Worker(Call<T>& call, Index thread)
      : call(call), layout(*call.layout), rules(*call.rules), room(*call.room), to(call.updates), thread(thread),
        threads(layout.threads), depth(layout.depth), batch(layout.batch), d(layout.sizes[0]), k(layout.sizes[depth]),
        x(room.inputs + (room.together ? 0 : thread) * room.input_row), work(room.work + thread * room.work_row),
        c(room.c + thread * room.c_row), answers(room.targets + thread * room.target_row) {}

  void run() {
    const Index count = (call.rows.count + batch - 1) / batch;
    double total = 0, right = 0, weights = 0, squared = 0, of_batch = 0;
    Index observed = 0, told = 0;
    for (Index step = 0; step < count; step++) {
      begin(step);
      if (call.rows.weight || n != told) of_batch = coefficients(call.rows.weight, these, n, call.mean, c), told = n;
      weights += of_batch;
      forward(call.first_step + step);
      double whole, good;
      last_layer(whole, good);
      const double share_of = call.mean ? double(n) / double(call.rows.count) : 1.0;
      total += whole * (call.learning ? share_of : 1.0);
      right += good;
      if (call.learning) {
        if (call.every > 0 && step % call.every == 0) observed += watch();
        if (!__builtin_isfinite(whole)) {
          if (thread == 0) call.failed = step;
          break;
        }
        const double penalty = of_batch <= 0 ? 0.0 : call.mean ? to.l2 / of_batch : to.l2;
        if (penalty > 0) squared += 0.5 * penalty * squares_of_weights() * share_of;
        if (of_batch > 0) {
          probing = call.every > 0 && step == count - 1;
          learn(Step<T>(to, penalty, call.rates[step], call.decays[step]));
        }
      }
      if (room.sides == 1) meet();  // none overwrites what another still reads
    }
    room.partial[thread * LINE + 2] = squared;
    meet();
    if (thread > 0) return;
    for (Index t = 0; t < threads; t++) total += room.partial[t * LINE + 2];
    call.loss = total, call.right = right, call.observed = double(observed), call.weight = weights;
  }

 private:
  Call<T>& call;
  const Layout& layout;
  const Rules& rules;
  const Room<T>& room;
  const Updates<T>& to;
  const Index thread, threads, depth, batch, d, k;
  T *const x, *const work, *const c, *const answers;
  // of the step
  Index n = 0, side = 0;
  const Index* these = nullptr;
  bool probing = false;
  T *units = nullptr, *logits = nullptr, *yhat = nullptr, *delta = nullptr;

  void meet() { CHAINRULE_VARIANT::meet(call.sync, thread, threads); }
  Index first_of(Index layer) const { return layout.cuts[layer * (threads + 1) + thread]; }
  Index span_of(Index layer) const { return layout.cuts[layer * (threads + 1) + thread + 1] - first_of(layer); }
  Index block_of(Index layer) const { return layout.starts[layer] + batch * first_of(layer); }
  T* theta_of(Index layer) const { return to.theta + layout.places[thread * depth + layer - 1]; }
  T* pulled(Index which, Index of) const { return room.pulled + (which * threads + of) * room.pulled_row; }

  void multiply(const T* a, Index a_row, Index a_step, const T* b, Index b_row, bool turned, T* into, Index row,
                const T* more, Index more_row, Index m, Index columns, Index terms) {
    product(call.gemm, a, a_row, a_step, b, b_row, turned, into, row, more, more_row, m, columns, terms, work,
            room.work_row);
  }

  // The rows of a step, gathered.
  void begin(Index step) {
    const Index first = step * batch;
    n = least(batch, call.rows.count - first);
    side = step % room.sides;
    these = call.rows.order + first;
    units = room.units + side * room.unit_row;
    logits = room.logits + side * threads * room.logit_row;
    Index r0 = 0, r1 = n;
    if (room.together) share(n, thread, threads, 16, r0, r1);
    gather(call.rows.x, these + r0, r1 - r0, d, x + r0 * d);
    if (room.together) meet();
  }

  // What the thread's part of the last layer reads: where it begins, from row to row, and how many units.
  const T* last_reads(Index& stride, Index& span) const {
    span = span_of(depth - 1);
    if (depth == 1) {
      stride = d;
      return x + first_of(0);
    }
    stride = span;
    return units + block_of(depth - 1);
  }

  // forward.pre and forward.act through all layers but the output function: this thread's units.
  void forward(Index step) {
    for (Index i = 1; i < depth; i++) {
      const Index first = first_of(i), span = span_of(i), before = layout.sizes[i - 1];
      const bool shared = i < depth - 1;  // the units of the last hidden layer are read by their owner alone
      T* into = units + (shared ? layout.starts[i] + first : block_of(i));
      T* slope = room.slopes + block_of(i);
      const Index stride = shared ? layout.sizes[i] : span;
      const T *h = i == 1 ? x : units + layout.starts[i - 1], *theta = theta_of(i);
      multiply(h, before, 1, theta, span, false, into, stride, theta + before * span, 0, n, span, before);
      if (stride == span) {
        activate(rules.hidden[i - 1], into, slope, n * span);
      } else {
        for (Index r = 0; r < n; r++) activate(rules.hidden[i - 1], into + r * stride, slope + r * span, span);
      }
      if (call.learning && rules.below && rules.below[i - 1] > 0) {
        const std::uint32_t key = key_of(rules.seed, step, i);
        for (Index r = 0; r < n; r++)
          drop(into + r * stride, slope + r * span, span, r, first, key, rules.below[i - 1], T(rules.factors[i - 1]));
      }
      if (shared) meet();
    }
    Index stride, span;
    const T *h = last_reads(stride, span), *theta = theta_of(depth), *bias = theta + k * span;
    T* a = logits + thread * room.logit_row;
    for (Index o = 0; o < k; o++)
      for (Index r = 0; r < n; r++) a[o * n + r] = thread == 0 ? bias[o] : T(0);
    multiply(theta, span, 1, h, stride, true, a, n, a, n, k, n, span);
    meet();
  }

  // a_L of the examples r0 to r1: the sum of all threads' parts, always in the same order.
  void collect(Index r0, Index r1) {
    for (Index o = 0; o < k; o++) {
      T* RESTRICT into = yhat + o * n;
      const T* RESTRICT first = logits + o * n;
      for (Index r = r0; r < r1; r++) into[r] = first[r];
      for (Index t = 1; t < threads; t++) {
        const T* RESTRICT more = logits + t * room.logit_row + o * n;
        for (Index r = r0; r < r1; r++) into[r] += more[r];
      }
    }
  }

  // Outputs, loss and grad a_L: by all threads alike or, where they are many, shared out by examples.
  void last_layer(double& whole, double& right) {
    const bool divided = threads > 1 && k * n >= MANY;
    const Index place = divided ? 0 : thread;
    Index r0 = 0, r1 = n;
    if (divided) share(n, thread, threads, 16, r0, r1);
    yhat = threads > 1 ? room.yhats + place * room.logit_row : logits;
    delta = room.grads_a + place * room.logit_row;
    if (threads > 1) collect(r0, r1);
    T* classes = answers + k * n;
    answer(call.rows, these + r0, r1 - r0, answers, n, r0, k, classes);
    const Last<T> last{yhat, answers, c + r0, delta, n, k, r0, r1 - r0, work};
    if (call.rows.labels || call.rows.y) {
      whole = finish(rules, last);
      right = call.rows.labels ? double(rightly(yhat, n, r0, r1 - r0, k, classes, work)) : 0.0;
    } else {
      outputs(last, rules.output);
      whole = right = 0;
    }
    if (call.outputs)
      for (Index r = r0; r < r1; r++)
        for (Index o = 0; o < k; o++) call.outputs[(these - call.rows.order + r) * k + o] = yhat[o * n + r];
    if (!divided) return;
    double* mine = room.partial + thread * LINE;
    mine[0] = whole, mine[1] = right;
    meet();
    whole = right = 0;
    for (Index t = 0; t < threads; t++) whole += room.partial[t * LINE], right += room.partial[t * LINE + 1];
  }

  // Which of the own units sleep; returned: how many examples were looked at.
  Index watch() {
    Index unit = 0;
    for (Index i = 1; i < depth; i++) {
      observe(room.slopes + block_of(i), n, span_of(i), rules.limits[i - 1], call.asleep + unit + first_of(i));
      unit += layout.sizes[i];
    }
    return n;
  }

  // The sum of the squares of the own weights, without the biases.
  double squares_of_weights() const {
    double total = 0;
    for (Index i = 1; i <= depth; i++) {
      const Index span = i < depth ? span_of(i) : span_of(i - 1), others = i < depth ? layout.sizes[i - 1] : k;
      total += double(squares(theta_of(i), others * span));
    }
    return total;
  }

  // backward.hidden, backward.pre, backward.weight, backward.bias and update, from the last layer to the first. A layer's
  // weights change as soon as the gradient has passed through them.
  void learn(const Step<T>& step) {
    for (Index i = depth; i > 0; i--) {
      const Index before = layout.sizes[i - 1], which = i % 2;
      if (i == depth) {
        Index stride, span;
        const T* h = last_reads(stride, span);
        if (depth > 1) {  // all of grad h of the own units
          T* mine = room.deltas + block_of(i - 1);
          multiply(delta, 1, n, theta_of(i), span, false, mine, span, nullptr, 0, n, span, k);
          times(mine, room.slopes + block_of(i - 1), n * span);
        }
        improve(step, i, delta, n, 1, h, stride, k, span, thread == 0 ? k : 0);
        continue;
      }
      const Index span = span_of(i);
      const T* mine = room.deltas + block_of(i);
      if (i > 1) multiply(mine, span, 1, theta_of(i), span, true, pulled(which, thread), before, nullptr, 0, n, before, span);
      improve(step, i, i == 1 ? x : units + layout.starts[i - 1], 1, before, mine, span, before, span, span);
      if (i == 1) return;
      meet();
      gather_own(i - 1, which, before);
    }
  }

  static void times(T* RESTRICT values, const T* RESTRICT factors, Index count) {
#pragma omp simd
    for (Index i = 0; i < count; i++) values[i] *= factors[i];
  }

  // backward.pre of the own units: the sum of what all threads pull there, times the slopes.
  void gather_own(Index layer, Index which, Index before) {
    const Index first = first_of(layer), span = span_of(layer), at = block_of(layer);
    for (Index r = 0; r < n; r++) {
      T* RESTRICT into = room.deltas + at + r * span;
      const T *RESTRICT slope = room.slopes + at + r * span, *RESTRICT one = pulled(which, 0) + r * before + first;
      if (threads == 1) {
#pragma omp simd
        for (Index u = 0; u < span; u++) into[u] = one[u] * slope[u];
        continue;
      }
      const T* RESTRICT two = pulled(which, 1) + r * before + first;
      for (Index u = 0; u < span; u++) into[u] = one[u] + two[u];
      for (Index t = 2; t < threads; t++) {
        const T* RESTRICT more = pulled(which, t) + r * before + first;
        for (Index u = 0; u < span; u++) into[u] += more[u];
      }
      times(into, slope, span);
    }
  }

  // backward.weight, backward.bias and update of the own part of a layer. The gradient of the weights (rows, width) is A B
  // over n examples; it is made some rows at a time, used while in the cache, and never stored whole. Of the last layer
  // the output units are the rows and grad a is A; else they are the columns and it is B.
  void improve(const Step<T>& step, Index layer, const T* a, Index a_row, Index a_step, const T* b, Index b_row, Index rows,
               Index width, Index biases) {
    const Index most = width > 0 && room.block / width > 1 ? room.block / width : 1;
    T* theta = theta_of(layer);
    for (Index j = 0; j < rows || biases;) {
      const Index some = least(most, rows - j);
      Index count = some * width;
      // the product works in `work` only where B is turned, which it is not here: the gradient may lie there
      product(call.gemm, a + j * a_row, a_row, a_step, b, b_row, false, work, width, (const T*)nullptr, 0, some, width, n,
              (T*)nullptr, 0);
      if (biases && j + some == rows) {  // they follow the weights
        if (layer == depth) {
          sum_columns(a, biases, work + count);
        } else {
          sum_rows(b, biases, work + count);
        }
        if (step.l2 == T(0) && step.decay == T(0)) {
          count += biases;
        } else {
          apply(step.without_decay(), layer, theta + rows * width, work + count, biases);
        }
        biases = 0;
      }
      if (count) apply(step, layer, theta + j * width, work, count);
      j += some;
    }
  }

  // Sums of the rows of (n, m); four at a time, for each waits for the one before.
  void sum_rows(const T* RESTRICT values, Index m, T* RESTRICT into) const {
    for (Index u = 0; u < m; u++) into[u] = T(0);
    Index r = 0;
    for (; r + 4 <= n; r += 4) {
      const T* RESTRICT row = values + r * m;
#pragma omp simd
      for (Index u = 0; u < m; u++) into[u] += (row[u] + row[m + u]) + (row[2 * m + u] + row[3 * m + u]);
    }
    for (; r < n; r++)
      for (Index u = 0; u < m; u++) into[u] += values[r * m + u];
  }

  // Sums of the columns of (m, n).
  void sum_columns(const T* RESTRICT values, Index m, T* RESTRICT into) const {
    for (Index o = 0; o < m; o++) {
      T total = 0;
#pragma omp simd reduction(+ : total)
      for (Index r = 0; r < n; r++) total += values[o * n + r];
      into[o] = total;
    }
  }

  // `update` of the parameters from theta on by their gradient, measured in the step that is looked at.
  void apply(const Step<T>& step, Index layer, T* theta, const T* grad, Index count) {
    const Index at = theta - to.theta;
    T *m = to.m ? to.m + at : nullptr, *v = to.v ? to.v + at : nullptr;
    if (!probing) {
      update(step, theta, m, v, grad, count);
      return;
    }
    double* seen = call.health + (thread * depth + layer - 1) * 3;
    constexpr Index FEW = 256;
    T old[FEW];
    for (Index j = 0; j < count; j += FEW) {
      const Index some = least(FEW, count - j);
      for (Index i = 0; i < some; i++) old[i] = theta[j + i];
      seen[0] += double(squares(grad + j, some));
      seen[1] += double(squares(old, some));
      update(step, theta + j, m ? m + j : nullptr, v ? v + j : nullptr, grad + j, some);
      for (Index i = 0; i < some; i++) old[i] -= theta[j + i];
      seen[2] += double(squares(old, some));
    }
  }
};

template <class T>
void steps(Call<T>* call, Index thread) {
  Worker<T>(*call, thread).run();
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
