import { newId } from '#proto/ids.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** What a caller may name a request: it appears in logs and receipts, so it stays short and printable. */
const REQUEST_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** W3C trace context, version 00. */
const TRACEPARENT_PATTERN = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's request id where it is one, else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get(REQUEST_ID_HEADER);
  return given !== null && REQUEST_ID_PATTERN.test(given) ? given : newId('req');
}

export function traceparentOf(headers: Headers): string | undefined {
  const given = headers.get('traceparent');
  return given !== null && TRACEPARENT_PATTERN.test(given) ? given : undefined;
}
