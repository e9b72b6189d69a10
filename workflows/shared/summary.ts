/** Temporal refuses a summary of more than 400 bytes; a character takes at most four. */
const CHARACTERS_MAX = 95;

/** One line for the Temporal UI, cut where it is too long. */
export function summaryOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX)}…` : line;
}
