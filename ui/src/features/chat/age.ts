/** How long ago a conversation was last used, as a person says it. */
export type Age = 'today' | 'yesterday' | 'week' | 'earlier';

/** The beginning of the day that so many days before a time was; a day may have 23 or 25 hours. */
function dayBefore(now: number, days: number): number {
  const day = new Date(now);
  day.setDate(day.getDate() - days);
  return day.setHours(0, 0, 0, 0);
}

/** Rows in their order, gathered by age; an age without any is left out. */
export function byAge<T extends { updated_at_ms: number | null }>(
  rows: readonly T[],
  now: number,
): { age: Age; rows: T[] }[] {
  const [today, yesterday, week] = [dayBefore(now, 0), dayBefore(now, 1), dayBefore(now, 6)];
  const groups: { age: Age; rows: T[] }[] = [];
  for (const row of rows) {
    const at = row.updated_at_ms ?? 0;
    const age = at >= today ? 'today' : at >= yesterday ? 'yesterday' : at >= week ? 'week' : 'earlier';
    const last = groups.at(-1);
    if (last?.age === age) last.rows.push(row);
    else groups.push({ age, rows: [row] });
  }
  return groups;
}
