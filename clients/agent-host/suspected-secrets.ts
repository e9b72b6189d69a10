import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { redactText } from '#proto/redact.ts';

/** More than this many files with suspected secrets say no more than "many". */
const PATHS_MAX = 20;
/** Longer lines are minified code or data, which patterns for secrets only misread. */
const LINE_CHARACTERS_MAX = 4_096;

/**
 * The files in which a patch adds what looks like a secret. The patch is never altered, as it would no longer apply;
 * whoever reviews it is told.
 */
export async function suspectedSecrets(patchPath: string): Promise<string[]> {
  const found = new Set<string>();
  let file = '';
  for await (const line of createInterface({ input: createReadStream(patchPath) })) {
    if (line.startsWith('+++ ')) file = line.slice(4).replace(/^b\//, '');
    else if (line.startsWith('+') && line.length <= LINE_CHARACTERS_MAX && looksSecret(line)) {
      found.add(file);
      if (found.size === PATHS_MAX) break;
    }
  }
  return [...found];
}

/** Addresses and telephone numbers are personal, not secret: half of all source files hold one. */
const SECRET_MARK = /\[redacted:(?!email\]|phone\])\w+\]/;

function looksSecret(line: string): boolean {
  return SECRET_MARK.test(redactText(line)) && !SECRET_MARK.test(line);
}
