// All kernels for one instruction set: compiled once for each, with CHAINRULE_VARIANT as the name of its table.
#include "passes.h"
#include "predict.h"

namespace chainrule {
namespace CHAINRULE_VARIANT {
namespace {

template <class T>
void product_of(const T* a, Index a_row, Index a_step, const T* b, Index b_row, int turned, T* c, Index c_row, const T* d,
                Index d_row, Index m, Index n, Index k, T* work, Index size) {
  product<T>(nullptr, a, a_row, a_step, b, b_row, turned != 0, c, c_row, d, d_row, m, n, k, work, size);
}

template <class T>
void evaluate(std::int32_t which, const T* RESTRICT x, T* RESTRICT into, Index count) {
  for (Index i = 0; i < count; i++) {
    T e, small;
    exponentials(x[i], e, small);
    into[i] = which == 0 ? exponential(x[i]) : which == 1 ? log_of_one_and(x[i]) : which == 2 ? error_complement(x[i]) : small;
  }
}

}  // namespace
}  // namespace CHAINRULE_VARIANT

#define CHAINRULE_JOIN_(a, b) a##b
#define CHAINRULE_JOIN(a, b) CHAINRULE_JOIN_(a, b)
#define CHAINRULE_TEXT_(a) #a
#define CHAINRULE_TEXT(a) CHAINRULE_TEXT_(a)
extern const Variant CHAINRULE_JOIN(variant_, CHAINRULE_VARIANT);
const Variant CHAINRULE_JOIN(variant_, CHAINRULE_VARIANT) = {
    CHAINRULE_TEXT(CHAINRULE_VARIANT),
    {CHAINRULE_VARIANT::ACTIVATION_NAMES, CHAINRULE_VARIANT::LOSS_NAMES, CHAINRULE_VARIANT::PAIR_NAMES},
    CHAINRULE_VARIANT::steps<float>,
    CHAINRULE_VARIANT::steps<double>,
    CHAINRULE_VARIANT::predict<float>,
    CHAINRULE_VARIANT::predict<double>,
    CHAINRULE_VARIANT::product_of<float>,
    CHAINRULE_VARIANT::product_of<double>,
    CHAINRULE_VARIANT::activate<true, float>,
    CHAINRULE_VARIANT::activate<true, double>,
    CHAINRULE_VARIANT::evaluate<float>,
    CHAINRULE_VARIANT::evaluate<double>,
};

}  // namespace chainrule
