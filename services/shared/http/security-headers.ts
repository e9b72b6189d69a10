/** An API answers data: nothing of it may be framed, sniffed, cached by others, or run as a page. */
const API_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-store'],
];

/** Sets what an answer does not say for itself. */
export function setSecurityHeaders(headers: Headers): void {
  for (const [name, value] of API_HEADERS) {
    if (!headers.has(name)) headers.set(name, value);
  }
}
