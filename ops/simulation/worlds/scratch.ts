import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory where there is some: what is simulated is the order of the writes, not the disk. */
const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory for one history. */
export function scratch(): { path: string } & Disposable {
  const path = mkdtempSync(join(ROOM, 'oa-simulation-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
