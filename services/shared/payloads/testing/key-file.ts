import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of new payload keys, the first of which encrypts. */
export async function writePayloadKeys(directory: string, ...kids: string[]): Promise<string> {
  const file = join(directory, `${kids.join('+')}.json`);
  const keys = kids.map((kid) => ({ kty: 'oct', kid, k: randomBytes(32).toString('base64url') }));
  await writeFile(file, JSON.stringify({ keys }));
  return file;
}
