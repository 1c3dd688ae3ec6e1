// The library's interface, plain C without Python's: one build serves every Python. Which variant of the kernels runs is
// chosen when it is loaded, by what the processor has.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include "layout.h"
#include "order.h"
#if (defined(__x86_64__) || defined(_M_X64)) && !defined(CHAINRULE_BASELINE)  // tests may want the baseline alone
#define CHAINRULE_X86
#include <cpuid.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace chainrule {

extern const Variant variant_baseline;
#ifdef CHAINRULE_X86
extern const Variant variant_avx2, variant_avx512;

namespace {
unsigned long long enabled_state() {
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<unsigned long long>(high) << 32) | low;
}
}  // namespace
#endif

namespace {

// The variants that this processor and its system can run, the best first.
std::vector<const Variant*> usable() {
  std::vector<const Variant*> found;
#ifdef CHAINRULE_X86
  unsigned a, b, c, d, b7 = 0, c7, d7, a7;
  if (__get_cpuid(1, &a, &b, &c, &d) && __get_cpuid_count(7, 0, &a7, &b7, &c7, &d7)) {
    const bool saved = c & (1u << 27), fma = c & (1u << 12), avx2 = b7 & (1u << 5);
    const unsigned wide = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);
    const unsigned long long state = saved ? enabled_state() : 0;
    if (fma && avx2 && (b7 & wide) == wide && (state & 0xe6) == 0xe6) found.push_back(&variant_avx512);
    if (fma && avx2 && (state & 6) == 6) found.push_back(&variant_avx2);
  }
#endif
  found.push_back(&variant_baseline);
  return found;
}

const std::vector<const Variant*>& variants() {
  static const std::vector<const Variant*> found = usable();
  return found;
}

const Variant* chosen = nullptr;

const Variant& variant() { return chosen ? *chosen : *variants().front(); }

void steps(const Variant& v, Call<float>* call, Index thread) { v.steps_32(call, thread); }
void steps(const Variant& v, Call<double>* call, Index thread) { v.steps_64(call, thread); }

// Threads that wait for one function after another, each called with the thread's number; the caller is thread 0.
class Pool {
 public:
  explicit Pool(Index threads) {
    try {
      for (Index t = 1; t < threads; t++) members.emplace_back([this, t] { serve(t); });
    } catch (...) {  // those that there are would else end the whole process
      end();
      throw;
    }
  }
  ~Pool() { end(); }
  template <class Task>
  void run(Task& task) {
    if (members.empty()) return task(0);
    {
      std::lock_guard<std::mutex> lock(mutex);
      call = [](void* what, Index thread) { (*static_cast<Task*>(what))(thread); };
      argument = &task;
      busy = Index(members.size());
      round++;
    }
    begin.notify_all();
    task(0);
    std::unique_lock<std::mutex> lock(mutex);
    done.wait(lock, [this] { return busy == 0; });
  }

 private:
  void end() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      ended = true;
    }
    begin.notify_all();
    for (auto& member : members) member.join();
  }

  void serve(Index thread) {
    for (Index seen = 0;;) {
      std::unique_lock<std::mutex> lock(mutex);
      begin.wait(lock, [&] { return ended || round != seen; });
      if (ended) return;
      seen = round;
      auto function = call;
      void* what = argument;
      lock.unlock();
      function(what, thread);
      lock.lock();
      if (--busy == 0) done.notify_one();
    }
  }

  std::mutex mutex;
  std::condition_variable begin, done;
  std::vector<std::thread> members;
  void (*call)(void*, Index) = nullptr;
  void* argument = nullptr;
  Index busy = 0, round = 0;
  bool ended = false;
};

// Numbers that begin with a line of the cache; zeros at first.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : raw(std::calloc(bytes + LINE_BYTES, 1)) {
    if (!raw) throw std::bad_alloc();
    start = static_cast<char*>(raw) + (LINE_BYTES - reinterpret_cast<std::uintptr_t>(raw) % LINE_BYTES) % LINE_BYTES;
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { std::free(raw); }
  char* start;

 private:
  void* raw;
};

// Counts out parts of one piece of memory: first to learn how much is needed, then to hand it out. Under AddressSanitizer
// what lies between two parts must not be touched.
class Parts {
 public:
  explicit Parts(char* start) : start(start) {}
  template <class N>
  N* take(Index count) {
    char* here = start ? start + bytes : nullptr;
    bytes += std::size_t(whole_lines(count, sizeof(N))) * sizeof(N) + BETWEEN;
#ifdef __SANITIZE_ADDRESS__
    const std::size_t used = std::size_t(count) * sizeof(N);
    if (start) ASAN_POISON_MEMORY_REGION(here + used, std::size_t(start + bytes - here) - used);
#endif
    return reinterpret_cast<N*>(here);
  }
  std::size_t bytes = 0;

 private:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::size_t BETWEEN = LINE_BYTES;
#else
  static constexpr std::size_t BETWEEN = 0;
#endif
  char* start;
};

// As in native/library.py.
struct EnginePlan {
  Index depth, batch, threads;
  const Index* sizes;
  const std::int32_t* hidden;
  std::int32_t output, loss, pair, mean, rule;
  std::uint32_t seed;
  double momentum, beta_1, beta_2, epsilon, l2;
  const double* limits;
  const std::uint32_t* below;
  const double* factors;
  Gemm gemm;
};

struct Request {
  const void* x;
  const Index* labels;
  const void *y, *weight;
  const Index* order;  // null: that which `key` draws, or the rows as they lie
  Index count;
  std::uint64_t key;  // of the seed; the epoch's number is its next word
  std::int32_t shuffle;
  Index first_epoch, epochs;
  const double *rates, *decays;
  Index first_step, every;
  Index* asleep;   // of each epoch, as `health`
  double* health;
  double* told;    // (epochs, 4) or null: loss, right, observed, seconds since the first began
  void* good;      // or null: takes the parameters before an epoch that did not end well
  void *grad, *outputs;
  double loss, right, observed, weights;
  Index failed, made;  // the step whose loss, or after which a parameter, was not finite, or -1; epochs that ended well
};

constexpr Index TOGETHER_BYTES = Index(1) << 16;  // of a minibatch's inputs from which the threads gather them together
constexpr Index BLOCK_BYTES = Index(1) << 20;     // of a layer's gradient that is used while in the cache

class Engine {
 public:
  virtual ~Engine() = default;
  virtual void write(const void* theta, const void* m, const void* v) = 0;
  virtual void read(void* theta, void* m, void* v) const = 0;
  virtual void train(Request& request) = 0;
  virtual void gradient(Request& request) = 0;
  virtual void evaluate(Request& request) = 0;
};

template <class T>
class EngineOf final : public Engine {
 public:
  explicit EngineOf(const EnginePlan& p)
      : shared(p.sizes, p.depth, p.threads, p.batch, sizeof(T)), hidden(p.hidden, p.hidden + p.depth - 1),
        limits(p.limits, p.limits + p.depth - 1), plan(p), needed(measured()), memory(needed), pool(p.threads) {
    if (p.below) below.assign(p.below, p.below + p.depth - 1), factors.assign(p.factors, p.factors + p.depth - 1);
    rules = {hidden.data(), p.output, p.loss, p.pair, p.mean, limits.data(), p.below ? below.data() : nullptr, factors.data(), p.seed};
    Parts parts(memory.start);
    hand_out(parts);
  }

  void write(const void* flat, const void* first, const void* second) override {
    shared.pack(static_cast<const T*>(flat), theta);
    if (first) shared.pack(static_cast<const T*>(first), m);
    if (second) shared.pack(static_cast<const T*>(second), v);
  }
  void read(void* flat, void* first, void* second) const override {
    if (flat) shared.unpack(theta, static_cast<T*>(flat));
    if (first) shared.unpack(m, static_cast<T*>(first));
    if (second) shared.unpack(v, static_cast<T*>(second));
  }

  // Epochs, one after another, to the first that does not end well: whose loss or parameters are not finite.
  void train(Request& r) override {
    const auto began = std::chrono::steady_clock::now();
    const Index steps = (r.count + plan.batch - 1) / plan.batch, units = hidden_units(), sums = plan.threads * plan.depth * 3;
    Request one = r;
    if (r.good) before.resize(shared.layout.count);
    if (r.shuffle) drawn.resize(r.count), one.order = drawn.data();
    for (r.made = 0, r.failed = -1; r.made < r.epochs; r.made++) {
      const Index epoch = r.made;
      if (r.shuffle) draw_order(key_with(r.key, std::uint64_t(r.first_epoch + epoch)), r.count, drawn.data());
      if (r.good) std::memcpy(before.data(), theta, before.size() * sizeof(T));
      Call<T> call = call_of(one, {theta, m, v, plan.rule, plan.momentum, plan.beta_1, plan.beta_2, plan.epsilon, plan.l2});
      call.rates = r.rates + epoch * steps, call.decays = r.decays + epoch * steps;
      call.first_step = r.first_step + epoch * steps, call.every = r.every;
      call.asleep = r.asleep + epoch * units, call.health = r.health + epoch * sums, call.learning = 1, call.mean = plan.mean;
      run(call, r);
      if (r.told) {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
        const double told[4] = {r.loss, r.right, r.observed, seconds.count()};
        std::memcpy(r.told + epoch * 4, told, sizeof(told));
      }
      if (r.failed < 0 && r.good && !finite()) r.failed = steps;
      if (r.failed < 0) continue;
      if (r.good) shared.unpack(before.data(), static_cast<T*>(r.good));
      return;
    }
  }

  // The kernels use each part of a gradient at once and keep none. What gives it is a step on a copy of the parameters:
  // without momentum and with learning rate 1 the velocity of momentum, v <- 0 v - 1 g, is -g.
  void gradient(Request& r) override {
    const Index count = shared.layout.count, numbers = parameters();
    Memory copies(2 * std::size_t(count) * sizeof(T));
    T *copy = reinterpret_cast<T*>(copies.start), *velocity = copy + count, *grad = static_cast<T*>(r.grad);
    std::vector<T> part(numbers);
    const double rate = 1, decay = 0;
    const Index whole = r.count;
    double loss = 0, right = 0;
    r.failed = -1;  // also of no rows
    for (Index at = 0; at < whole; at += plan.batch) {
      std::memcpy(copy, theta, std::size_t(count) * sizeof(T));
      std::memset(velocity, 0, std::size_t(count) * sizeof(T));
      Request some = r;
      some.count = std::min(plan.batch, whole - at);
      some.x = static_cast<const T*>(r.x) + at * plan_sizes(0);
      if (r.labels) some.labels = r.labels + at;
      if (r.y) some.y = static_cast<const T*>(r.y) + at * plan_sizes(plan.depth);
      if (r.weight) some.weight = static_cast<const T*>(r.weight) + at;
      Call<T> call = call_of(some, {copy, velocity, nullptr, MOMENTUM, 0, 0, 0, 0, 0});
      call.rates = &rate, call.decays = &decay, call.learning = 1;
      const Rules plain = rules;
      Rules undropped = plain;
      undropped.below = nullptr;
      call.rules = &undropped;
      run(call, some);
      loss += some.loss, right += some.right;
      r.failed = some.failed;
      if (some.failed >= 0) return;
      shared.unpack(velocity, part.data());
      for (Index i = 0; i < numbers; i++) grad[i] -= part[i];
    }
    r.loss = loss, r.right = right;
  }

  void evaluate(Request& r) override {
    Call<T> call = call_of(r, {theta, m, v, plan.rule, 0, 0, 0, 0, 0});
    call.outputs = static_cast<T*>(r.outputs);
    run(call, r);
  }

 private:
  Shared shared;
  std::vector<std::int32_t> hidden;
  std::vector<double> limits, factors;
  std::vector<std::uint32_t> below;
  Rules rules;
  EnginePlan plan;
  Room<T> room;
  T *theta, *m, *v;
  Index* sync;
  std::size_t needed;
  Memory memory;
  Pool pool;
  std::vector<Index> as_they_lie, drawn;
  std::vector<T> before;  // parameters, of the epoch

  Index plan_sizes(Index i) const { return shared.layout.sizes[i]; }

  Index hidden_units() const {
    Index count = 0;
    for (Index i = 1; i < plan.depth; i++) count += plan_sizes(i);
    return count;
  }

  bool finite() const {
    int all = 1;
    for (Index i = 0; i < shared.layout.count; i++) all &= __builtin_isfinite(theta[i]) ? 1 : 0;
    return all == 1;
  }

  Index parameters() const {
    Index count = 0;
    for (Index i = 0; i < plan.depth; i++) count += (plan_sizes(i) + 1) * plan_sizes(i + 1);
    return count;
  }

  std::size_t measured() {
    Parts parts(nullptr);
    hand_out(parts);
    return parts.bytes;
  }

  void hand_out(Parts& parts) {
    const Layout& l = shared.layout;
    const Index threads = l.threads, batch = l.batch, d = l.sizes[0], k = l.sizes[l.depth];
    const auto row = [](Index count) { return whole_lines(count, sizeof(T)); };
    Index widest = 0, pulled = 0;
    for (Index i = 0; i <= l.depth; i++) widest = std::max(widest, l.sizes[i]);
    for (Index i = 1; i + 1 < l.depth; i++) pulled = std::max(pulled, l.sizes[i]);
    const bool together = threads > 1 && batch * d * Index(sizeof(T)) >= TOGETHER_BYTES;
    room.together = together, room.sides = threads == 1 || together ? 1 : 2;
    room.block = std::max(widest, BLOCK_BYTES / Index(sizeof(T)));
    Index largest = 0;
    for (Index i = 0; i < l.depth; i++) largest = std::max(largest, (l.sizes[i] + 1) * l.sizes[i + 1]);
    room.block = std::min(room.block, std::max(largest, widest));
    Index turned = 0;  // what a product may have to turn over, where it is near
    for (Index i = 0; i < l.depth; i++) turned = std::max({turned, l.sizes[i] * l.sizes[i + 1], batch * l.sizes[i]});
    turned = std::min(turned, NEAR_BYTES / Index(sizeof(T)));
    room.input_row = row(batch * d), room.unit_row = row(shared.units), room.pulled_row = row(batch * pulled);
    room.logit_row = row(batch * k), room.target_row = row(batch * (k + 1)), room.c_row = row(batch);
    room.work_row = row(std::max({room.block, turned, 5 * batch}) + 2 * widest);
    room.inputs = parts.take<T>((together ? 1 : threads) * room.input_row);
    room.units = parts.take<T>(room.sides * room.unit_row);
    room.slopes = parts.take<T>(room.unit_row);
    room.deltas = parts.take<T>(room.unit_row);
    room.pulled = parts.take<T>(2 * threads * room.pulled_row);
    room.logits = parts.take<T>(room.sides * threads * room.logit_row);
    room.yhats = parts.take<T>(threads * room.logit_row);
    room.grads_a = parts.take<T>(threads * room.logit_row);
    room.targets = parts.take<T>(threads * room.target_row);
    room.c = parts.take<T>(threads * room.c_row);
    room.work = parts.take<T>(threads * room.work_row);
    room.partial = parts.take<double>(threads * 8);
    sync = parts.take<Index>(threads * 8);
    theta = parts.take<T>(l.count);
    m = plan.rule != SGD ? parts.take<T>(l.count) : nullptr;
    v = plan.rule == ADAM ? parts.take<T>(l.count) : nullptr;
  }
  static constexpr Index NEAR_BYTES = Index(1) << 19;

  Call<T> call_of(const Request& r, const Updates<T>& updates) {
    Call<T> call{};
    call.layout = &shared.layout, call.rules = &rules, call.room = &room, call.updates = updates;
    call.rows = {static_cast<const T*>(r.x), r.labels, static_cast<const T*>(r.y), static_cast<const T*>(r.weight), r.order, r.count};
    call.gemm = plan.gemm, call.sync = sync, call.failed = -1;
    if (!r.order) {
      for (Index i = Index(as_they_lie.size()); i < r.count; i++) as_they_lie.push_back(i);
      call.rows.order = as_they_lie.data();
    }
    return call;
  }

  void run(Call<T>& call, Request& r) {
    std::memset(sync, 0, std::size_t(plan.threads) * LINE_BYTES);
    const Variant& here = variant();
    auto task = [&](Index thread) { steps(here, &call, thread); };
    pool.run(task);
    r.loss = call.loss, r.right = call.right, r.observed = call.observed, r.weights = call.weight, r.failed = call.failed;
  }
};

// What `predict` needs of a network.
struct Layers {
  Index depth;
  const Index* sizes;
  const std::int32_t* hidden;
  std::int32_t output, threads;
  const void* const* weights;  // W_i turned over, (inputs, units)
  const void* const* biases;
};

void predict(const Variant& v, const Pass<float>* pass, Index a, Index b, Index block, float* work) {
  v.predict_32(pass, a, b, block, work);
}
void predict(const Variant& v, const Pass<double>* pass, Index a, Index b, Index block, double* work) {
  v.predict_64(pass, a, b, block, work);
}

template <class T>
void predict_rows(const Layers& l, const T* x, Index rows, T* yhat) {
  const Index depth = l.depth, line = LINE_BYTES / Index(sizeof(T)), widest = widest_layer(l.sizes, depth);
  const Index fitting = BLOCK_BYTES / 8 / Index(sizeof(T)) / widest / line * line;
  const Index block = std::min(rows, std::max<Index>(64, fitting)), blocks = (rows + block - 1) / block;
  const Index room = whole_lines(block * (2 * widest + 3), sizeof(T)), threads = std::max<Index>(1, std::min<Index>(l.threads, blocks));
  Memory memory(std::size_t(threads * room) * sizeof(T));
  std::vector<const T*> weights(depth), biases(depth);
  for (Index i = 0; i < depth; i++) {
    weights[i] = static_cast<const T*>(l.weights[i]);
    biases[i] = static_cast<const T*>(l.biases[i]);
  }
  const Pass<T> pass{depth, l.sizes, l.hidden, l.output, weights.data(), biases.data(), x, yhat};
  const Variant& here = variant();
  auto task = [&](Index thread) {
    const Index first = blocks * thread / threads * block, last = std::min(rows, blocks * (thread + 1) / threads * block);
    if (first < last) predict(here, &pass, first, last, block, reinterpret_cast<T*>(memory.start) + thread * room);
  };
  Pool pool(threads);
  pool.run(task);
}

template <class Action>
int guarded(Action action) {
  try {
    action();
    return 0;
  } catch (...) {  // of memory or threads there are not enough
    return 1;
  }
}

}  // namespace
}  // namespace chainrule

using namespace chainrule;

// Bytes of a record, 0 of EnginePlan, 1 of Request and 2 of Layers: for the tests.
EXPORT Index chainrule_size(int record) { return Index(record == 0 ? sizeof(EnginePlan) : record == 1 ? sizeof(Request) : sizeof(Layers)); }

EXPORT const char* chainrule_variant() { return variant().name; }

// The name of a rule, in capitals, by its kind (0 an activation or output, 1 a loss, 2 a pair) and its number; null
// after the last.
EXPORT const char* chainrule_rule(int kind, Index number) { return variant().names[kind][number]; }

// The names of all variants that can run here, the best first; null after the last.
EXPORT const char* chainrule_usable(Index number) {
  return number >= 0 && number < Index(variants().size()) ? variants()[number]->name : nullptr;
}

// Choose a variant by its name; 0: there is none of it here.
EXPORT int chainrule_choose(const char* name) {
  for (const Variant* v : variants())
    if (!std::strcmp(v->name, name)) return chosen = v, 1;
  return 0;
}

// A new engine for numbers of 4 or 8 bytes; null: there is not enough memory, or no thread can be had.
EXPORT void* chainrule_start(const EnginePlan* plan, int bytes) {
  void* made = nullptr;
  guarded([&] { made = bytes == 4 ? static_cast<Engine*>(new EngineOf<float>(*plan)) : new EngineOf<double>(*plan); });
  return made;
}
EXPORT void chainrule_stop(void* engine) { delete static_cast<Engine*>(engine); }
EXPORT void chainrule_write(void* engine, const void* theta, const void* m, const void* v) {
  static_cast<Engine*>(engine)->write(theta, m, v);
}
EXPORT void chainrule_read(const void* engine, void* theta, void* m, void* v) {
  static_cast<const Engine*>(engine)->read(theta, m, v);
}
EXPORT int chainrule_train(void* engine, Request* request) {
  return guarded([&] { static_cast<Engine*>(engine)->train(*request); });
}
// The order of rows that a key draws.
EXPORT void chainrule_order(std::uint64_t key, Index count, Index* order) { draw_order(key, count, order); }
EXPORT int chainrule_gradient(void* engine, Request* request) {
  return guarded([&] { static_cast<Engine*>(engine)->gradient(*request); });
}
EXPORT int chainrule_evaluate(void* engine, Request* request) {
  return guarded([&] { static_cast<Engine*>(engine)->evaluate(*request); });
}

// yhat (rows, k) of x (rows, d), C-contiguous, of numbers of 4 or 8 bytes.
EXPORT int chainrule_predict(const Layers* layers, const void* x, Index rows, void* yhat, int bytes) {
  return guarded([&] {
    if (bytes == 4) {
      predict_rows(*layers, static_cast<const float*>(x), rows, static_cast<float*>(yhat));
    } else {
      predict_rows(*layers, static_cast<const double*>(x), rows, static_cast<double*>(yhat));
    }
  });
}

// The kernels one by one, for the tests.
EXPORT void chainrule_product_32(const float* a, Index ar, Index as, const float* b, Index br, int turned, float* c, Index cr,
                                 const float* d, Index dr, Index m, Index n, Index k, float* work, Index size) {
  variant().product_32(a, ar, as, b, br, turned, c, cr, d, dr, m, n, k, work, size);
}
EXPORT void chainrule_product_64(const double* a, Index ar, Index as, const double* b, Index br, int turned, double* c, Index cr,
                                 const double* d, Index dr, Index m, Index n, Index k, double* work, Index size) {
  variant().product_64(a, ar, as, b, br, turned, c, cr, d, dr, m, n, k, work, size);
}
EXPORT void chainrule_activate_32(std::int32_t code, float* units, float* slopes, Index count) { variant().activate_32(code, units, slopes, count); }
EXPORT void chainrule_activate_64(std::int32_t code, double* units, double* slopes, Index count) { variant().activate_64(code, units, slopes, count); }
EXPORT void chainrule_function_32(std::int32_t which, const float* x, float* into, Index count) { variant().evaluate_32(which, x, into, count); }
EXPORT void chainrule_function_64(std::int32_t which, const double* x, double* into, Index count) { variant().evaluate_64(which, x, into, count); }
