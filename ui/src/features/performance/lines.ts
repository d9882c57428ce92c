/** One reading of a figure; `null` where there was nothing to read. */
export interface Reading {
  /** Milliseconds. */
  at: number;
  value: number | null;
}

/** Readings come twice a second; further apart nobody was listening. */
const GAP_MS = 2000;

/** The readings as unbroken lines. */
export function linesOf(readings: readonly Reading[]): { at: number; value: number }[][] {
  const lines: { at: number; value: number }[][] = [];
  let before: Reading | null = null;
  for (const reading of readings) {
    const { at, value } = reading;
    if (value !== null) {
      const goesOn = before !== null && before.value !== null && at - before.at <= GAP_MS;
      if (goesOn) lines.at(-1)?.push({ at, value });
      else lines.push([{ at, value }]);
    }
    before = reading;
  }
  return lines;
}

/** A round number at or above a value: where the plot ends. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
