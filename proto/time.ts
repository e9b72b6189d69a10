/** RFC 3339 in UTC with milliseconds: `2026-01-31T08:00:00.000Z`. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Unix milliseconds of an RFC 3339 text (finer digits are cut). Throws a RangeError for anything else. */
export function parseTime(text: string): number {
  const atMs = RFC_3339.test(text) ? Date.parse(text.replace(/(\.\d{3})\d+/, '$1')) : Number.NaN;
  if (Number.isNaN(atMs)) throw new RangeError('a time is RFC 3339, as 2026-01-31T08:00:00.000Z');
  return atMs;
}
