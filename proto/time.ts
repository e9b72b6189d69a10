/** RFC 3339 in UTC with milliseconds: `2026-01-31T08:00:00.000Z`. */
export function formatTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Unix milliseconds of an RFC 3339 text (finer digits are cut). Throws a RangeError for anything else. */
export function parseTime(text: string): number {
  const day = RFC_3339.exec(text)?.[1];
  if (day === undefined || !isCalendarDay(day)) {
    throw new RangeError('a time is RFC 3339, as 2026-01-31T08:00:00.000Z');
  }
  return Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
}

/** V8 rolls 30 February over into March; a contract does not. */
function isCalendarDay(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && formatTime(atMs).startsWith(day);
}
