interface Properties {
  label: string;
  value: number;
  max: number;
}

/** A thin bar that is filled so far. */
export function Meter({ label, value, max }: Properties) {
  const part = max > 0 ? Math.max(0, Math.min(1, value / max)) : 0;
  return (
    <span role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={max} aria-valuenow={value} className="meter">
      <span style={{ width: `${100 * part}%` }} />
    </span>
  );
}
