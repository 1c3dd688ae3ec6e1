// Equation update, fused with the optimizers of train/optimizers.py: one loop over a block of parameters, which takes the
// L2 penalty and the decoupled decay too, so that gradient, parameters and moments pass through memory once.
#pragma once
#include "basics.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {

// The numbers of one step, in theta's type.
template <class T>
struct Step {
  std::int32_t rule;
  T l2, rate, decay, momentum, beta_1, beta_2, epsilon, rest_1, rest_2;

  Step(const Updates<T>& u, double l2, double rate, double decay)
      : rule(u.rule), l2(T(l2)), rate(T(rate)), decay(T(decay)), momentum(T(u.momentum)), beta_1(T(u.beta_1)),
        beta_2(T(u.beta_2)), epsilon(T(u.epsilon)), rest_1(T(1 - u.beta_1)), rest_2(T(1 - u.beta_2)) {}
  Step without_decay() const {
    Step other = *this;
    other.l2 = other.decay = T(0);
    return other;
  }
};

template <class T>
void update(const Step<T>& s, T* RESTRICT theta, T* RESTRICT m, T* RESTRICT v, const T* RESTRICT grad, Index count) {
  const T l2 = s.l2, rate = s.rate, decay = s.decay, mu = s.momentum;
  switch (s.rule) {
    case SGD:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T p = theta[i];
        theta[i] = p - rate * (grad[i] + l2 * p) - decay * p;
      }
      return;
    case MOMENTUM:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T p = theta[i], step = mu * m[i] - rate * (grad[i] + l2 * p);
        m[i] = step;
        theta[i] = p + step - decay * p;
      }
      return;
    case NESTEROV:
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T p = theta[i], down = rate * (grad[i] + l2 * p), step = mu * m[i] - down;
        m[i] = step;
        theta[i] = p + mu * step - down - decay * p;
      }
      return;
    case ADAM: {
      const T beta_1 = s.beta_1, beta_2 = s.beta_2, epsilon = s.epsilon, rest_1 = s.rest_1, rest_2 = s.rest_2;
#pragma omp simd
      for (Index i = 0; i < count; i++) {
        const T p = theta[i], g = grad[i] + l2 * p;
        const T first = beta_1 * m[i] + rest_1 * g, second = beta_2 * v[i] + rest_2 * g * g;
        m[i] = first;
        v[i] = second;
        theta[i] = p - rate * first / (square_root(second) + epsilon) - decay * p;
      }
      return;
    }
  }
}

template <class T>
T squares(const T* RESTRICT values, Index count) {
  T total = 0;
#pragma omp simd reduction(+ : total)
  for (Index i = 0; i < count; i++) total += values[i] * values[i];
  return total;
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
