/** The sign of DocMind: a page whose cited line is marked. */
export function Mark({ size }: { size: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 48 48" aria-hidden="true">
      <rect className="mark-page" x="9" y="4" width="30" height="40" rx="4" />
      <path className="mark-line" d="M16 13h16M16 19h12M16 37h10" />
      <rect className="mark-passage" x="13" y="24" width="22" height="8" rx="2" />
    </svg>
  );
}
