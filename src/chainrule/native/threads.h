// What the threads of one step need of each other: their shares, and a place to meet.
#pragma once
#include "basics.h"
#if defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall SwitchToThread(void);
#else
#include <sched.h>
#endif

namespace chainrule {
namespace CHAINRULE_VARIANT {

constexpr Index LINE = 8;        // numbers of `sync` that a line of the cache holds
constexpr Index SPINS = 50'000;  // looks at a counter, some 100 microseconds, before others may have the processor
constexpr Index HALVINGS = 8;    // of SPINS at most, while a thread that is waited for does not have a processor

INLINE void give_way() {
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

// Wait until every thread is here. Each counts its own meetings and looks at the others' counts, so that a line of the
// cache goes from one to another once. Beside its count it keeps how many times its patience is halved: on a machine with
// more to do than processors, looking takes the time that the one waited for needs.
INLINE void meet(Index* sync, Index thread, Index threads) {
  if (threads == 1) return;
  const Index now = __atomic_add_fetch(sync + thread * LINE, 1, __ATOMIC_ACQ_REL);
  Index& halved = sync[thread * LINE + 1];
  bool gave = false;
  for (Index other = 0; other < threads; other++)
    for (Index looks = 0; __atomic_load_n(sync + other * LINE, __ATOMIC_ACQUIRE) < now; looks++) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
      if (looks > SPINS >> halved) {
        give_way();
        gave = true;
      }
    }
  halved = gave ? least(halved + HALVINGS / 2, HALVINGS) : halved > 0 ? halved - 1 : 0;
}

// The part's range of `count` things, in multiples of `unit`.
INLINE void share(Index count, Index part, Index parts, Index unit, Index& first, Index& last) {
  const Index blocks = (count + unit - 1) / unit;
  first = parts == 1 ? 0 : least(blocks * part / parts * unit, count);
  last = parts == 1 ? count : least(blocks * (part + 1) / parts * unit, count);
}

}  // namespace CHAINRULE_VARIANT
}  // namespace chainrule
