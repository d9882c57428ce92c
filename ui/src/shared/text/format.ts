import { locale } from '../i18n';

const cache = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale() + JSON.stringify(options);
  let made = cache.get(key);
  if (!made) {
    // No minus before what rounds to zero.
    made = new Intl.NumberFormat(locale(), { ...options, signDisplay: 'negative' });
    cache.set(key, made);
  }
  return made;
}

/** A figure that may be missing: the engine tells `null` for what it could not measure. */
type Figure = number | null | undefined;

/** Stands for a figure that was not measured. */
const NONE = '–';

function known(value: Figure, format: (value: number) => string): string {
  return value === null || value === undefined ? NONE : format(value);
}

export function count(value: Figure): string {
  return known(value, (known) => formatter({ maximumFractionDigits: 0 }).format(known));
}

export function decimal(value: Figure, digits = 1): string {
  return known(value, (known) =>
    formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(known),
  );
}

export function percent(fraction: Figure): string {
  return known(fraction, (known) => formatter({ style: 'percent', maximumFractionDigits: 0 }).format(known));
}

/** From here on a figure would be rounded to a thousand, which the next unit says better. */
const WHOLE = 999.5;

/** Bytes in the unit a file manager would use. */
export function bytes(value: Figure): string {
  return known(value, (known) => {
    if (known < WHOLE) return `${count(known)} B`;
    const units = ['kB', 'MB', 'GB', 'TB'];
    let size = known / 1000;
    let unit = 0;
    while (size >= WHOLE && unit < units.length - 1) {
      size /= 1000;
      unit += 1;
    }
    return `${decimal(size, size < 10 && unit > 0 ? 1 : 0)} ${units[unit] ?? ''}`;
  });
}

/** Memory: MiB from the engine, GB for a person below and above one. */
export function memory(mib: Figure): string {
  return known(mib, (known) => (known < WHOLE ? `${count(known)} MB` : `${decimal(known / 1024, 1)} GB`));
}

export function milliseconds(ms: Figure): string {
  return known(ms, (known) =>
    known < WHOLE ? `${known < 10 ? decimal(known, 1) : count(known)} ms` : `${decimal(known / 1000, 1)} s`,
  );
}

/** Seconds as a person says them: `40 s`, `3 min`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${count(Math.max(1, seconds))} s`;
  if (seconds < 5400) return `${count(seconds / 60)} min`;
  return `${decimal(seconds / 3600, 1)} h`;
}

export function date(ms: Figure): string {
  return known(ms, (known) => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(known));
}

export function dateTime(ms: Figure): string {
  return known(ms, (known) =>
    new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(known),
  );
}
