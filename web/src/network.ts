/** Networks by their history: which one a record means, and how that is said in words. */

import type { NetworkState, Stretch } from "./records";

/** What was opened, before anything was done to it. */
export function opened(of: NetworkState | null): NetworkState {
  return { sheet: of?.sheet ?? null, of: of?.of ?? "", stretches: [], step: 0 };
}

/** Gradient steps that were taken in a stretch. */
export function stepsOf(stretch: Stretch): number {
  return (stretch.steps ?? []).reduce((sum, steps) => sum + steps.count, 0);
}

/** Without the steps after the one that is looked at, which do not change the network. */
export function trimmed(state: NetworkState): NetworkState {
  const stretches = [...(state.stretches ?? [])];
  const last = stretches.pop();
  if (!last) return state;
  let left = state.step ?? 0;
  const steps = (last.steps ?? []).flatMap(({ count, learning_rate }) => {
    const kept = Math.min(count, left);
    left -= kept;
    return kept ? [{ count: kept, learning_rate }] : [];
  });
  const { values, hidden, output, loss } = last.change;
  const changes = Object.keys(values ?? {}).length || hidden || output || loss;
  return { ...state, stretches: steps.length || changes ? [...stretches, { ...last, steps }] : stretches };
}

/** What was done to it, in words; "" where nothing was. */
export function described(state: NetworkState): string {
  const { stretches = [], step } = trimmed(state);
  const steps = stretches.slice(0, -1).reduce((sum, one) => sum + stepsOf(one), 0) + (step ?? 0);
  const names = [...new Set(stretches.flatMap(({ change }) => [
    ...Object.keys(change.values ?? {}),
    ...(["hidden", "output", "loss"] as const).filter((rule) => change[rule]).map((rule) => (rule === "hidden" ? "activation" : rule)),
  ]))];
  const changed = names.length > 3 ? `${names.length} changes` : names.length ? `${names.join(", ")} changed` : "";
  return [steps ? `step ${steps} of gradient descent` : "", changed].filter(Boolean).join(", ");
}
