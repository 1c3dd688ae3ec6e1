/** A curve with its tangent and the point where the network is. */

import { svg } from "./dom";
import { label } from "./names";
import { short } from "./numbers";
import type { CurveAnswer } from "./records";

const SIZE = { width: 420, height: 210, left: 72, right: 14, top: 26, bottom: 34 } as const;

/** `at` and `value` are the point as it is now, which a drag moves along the curve. */
export function plot(curve: CurveAnswer, at: number, value: number | null): SVGSVGElement {
  const { width, height, left, right, top, bottom } = SIZE;
  const known = curve.y.filter((y): y is number => y !== null);
  const [low, high] = [Math.min(...known, value ?? Infinity), Math.max(...known, value ?? -Infinity)];
  const span = high - low || Math.abs(high) || 1;
  const [from, to] = [Math.min(curve.x[0]!, at), Math.max(curve.x.at(-1)!, at)];
  const x = (v: number) => left + ((v - from) / (to - from)) * (width - left - right);
  const y = (v: number) => top + (1 - (v - low) / span) * (height - top - bottom);
  const parts: string[] = [];
  curve.y.forEach((v, i) => {
    if (v !== null) parts.push(`${parts.length && curve.y[i - 1] !== null ? "L" : "M"}${x(curve.x[i]!)},${y(v)}`);
  });
  const { slope, value: there } = curve;
  const ends = slope === null || there === null ? null : tangent(curve.at, there, slope, from, to, low, high + 0.08 * span);
  const words = `${curve.of} over ${curve.over}: at ${short(at)} it is ${short(value)}${slope === null ? "" : `, slope ${short(slope)}`}`;
  const ticks = [low, (low + high) / 2, high];
  const digits = apart(ticks);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": words },
    svg("path", { class: "axis", d: `M${left},${top} V${height - bottom} H${width - right}` }),
    ...(high > low ? ticks : [low]).map((v) => svg("text", { x: left - 6, y: y(v) + 4, class: "tick end" }, short(v, digits))),
    ...[from, to].map((v, i) => svg("text", { x: x(v), y: height - bottom + 15, class: i ? "tick end" : "tick" }, short(v))),
    svg("text", { x: left, y: 14, class: "name" }, ...label(curve.of)),
    svg("text", { x: (left + width - right) / 2, y: height - 6, class: "name" }, ...label(curve.over)),
    svg("path", { class: "curve-line", d: parts.join(" ") }),
    ends && svg("path", { class: "tangent", d: `M${x(ends[0]!)},${y(ends[1]!)} L${x(ends[2]!)},${y(ends[3]!)}` }),
    value === null ? null : svg("circle", { class: "loss-now", cx: x(at), cy: y(value), r: 5.5 }));
}

/** As many digits as tell numbers apart. */
function apart(numbers: number[]): number {
  const told = (digits: number) => new Set(numbers.map((number) => short(number, digits))).size === new Set(numbers).size;
  return [3, 4, 5, 6, 7, 8].find(told) ?? 9;
}

/** The part of the tangent that is inside the picture: x and y of both ends. */
function tangent(at: number, value: number, slope: number, from: number, to: number, low: number, high: number): number[] {
  const inside = [from, to].map((x) => {
    const y = value + slope * (x - at);
    const most = Math.min(high, Math.max(low, y));
    return most === y ? [x, y] : [at + (most - value) / slope, most];
  });
  return inside.flat();
}
