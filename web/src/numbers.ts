/** Numbers as labels: rounded, but no digit before the point is ever replaced by a 0. */

const LEAST = 3; // significant digits
const MOST = 5;
/** Widths of signs as a share of the font's size, in the widest of the usual fonts. */
const WIDTHS: Record<string, number> = { ".": 0.33, "\u2212": 0.84, "\u2202": 0.62, "\u2009": 0.2, ",": 0.33 };
const DIGIT = 0.64;

/** A number with so many significant digits, or more where it is a large one; a real minus. */
export function short(value: number | null | undefined, digits = LEAST): string {
  if (value === null || value === undefined) return "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const whole = Math.floor(Math.log10(size)) + 1;
  const text = size >= 1e5 || size < 1e-3 ? (+value.toPrecision(digits)).toExponential() : String(+value.toPrecision(Math.max(digits, whole)));
  return signed(text);
}

/** All digits of a number. */
export function full(value: number | null | undefined): string {
  return value === null || value === undefined ? "not finite" : signed(String(value));
}

function signed(text: string): string {
  return text.replace("e+", "e").replaceAll("-", "\u2212");
}

export function width(text: string, size: number): number {
  return [...text].reduce((sum, sign) => sum + (WIDTHS[sign] ?? DIGIT), 0) * size;
}

/** As many digits as there is room for; where that is not enough for three, in a smaller font. */
export function fitted(value: number | null, room: number, size: number): { text: string; size: number } {
  for (let digits = MOST; digits >= LEAST; digits--) {
    const text = short(value, digits);
    if (width(text, size) <= room) return { text, size };
  }
  const text = short(value);
  return { text, size: size * (room / width(text, size)) };
}
