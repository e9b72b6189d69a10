/** What the next turn's agent can read at once. */
const FEEDBACK_BYTES_MAX = 8 * 1024;

/** A head line and as much of the end of an output as fits; never half a character. */
export function feedbackOf(head: string, output: Uint8Array | string): string {
  const bytes = Buffer.from(output);
  const room = FEEDBACK_BYTES_MAX - Buffer.byteLength(head) - 1;
  let start = Math.max(0, bytes.length - Math.max(0, room));
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  const tail = bytes.subarray(start).toString('utf8').toWellFormed();
  return tail === '' ? truncated(head) : truncated(`${head}\n${tail}`);
}

/** Bytes that are no UTF-8 become longer ones; the bound holds for what is sent. */
function truncated(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= FEEDBACK_BYTES_MAX) return text;
  return bytes
    .subarray(0, FEEDBACK_BYTES_MAX)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
