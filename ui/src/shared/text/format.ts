import { language } from '../i18n';

const cache = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language() + JSON.stringify(options);
  let made = cache.get(key);
  if (!made) {
    made = new Intl.NumberFormat(language(), options);
    cache.set(key, made);
  }
  return made;
}

export function count(value: number): string {
  return formatter({ maximumFractionDigits: 0 }).format(value);
}

export function decimal(value: number, digits = 1): string {
  return formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function percent(fraction: number): string {
  return formatter({ style: 'percent', maximumFractionDigits: 0 }).format(fraction);
}

/** Bytes in the unit a file manager would use. */
export function bytes(value: number): string {
  if (value < 1000) return `${count(value)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let size = value / 1000;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${decimal(size, size < 10 && unit > 0 ? 1 : 0)} ${units[unit] ?? ''}`;
}

/** Memory: MiB from the engine, GB for a person below and above one. */
export function memory(mib: number): string {
  return mib < 1000 ? `${count(mib)} MB` : `${decimal(mib / 1024, 1)} GB`;
}

export function milliseconds(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? decimal(ms, 1) : count(ms)} ms` : `${decimal(ms / 1000, 1)} s`;
}

/** Seconds as a person says them: `40 s`, `3 min`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${count(Math.max(1, seconds))} s`;
  if (seconds < 5400) return `${count(seconds / 60)} min`;
  return `${decimal(seconds / 3600, 1)} h`;
}

export function date(ms: number): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium' }).format(ms);
}
