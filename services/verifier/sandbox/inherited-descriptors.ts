import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';

const DESCRIPTORS = '/proc/self/fd';
const CLOSE_ON_EXEC = 0o2000000;
const STANDARD_DESCRIPTORS = 3;

/**
 * Closes what a supervisor left open when it started this process; call it before anything else. Node marks the
 * first of them close-on-exec, and all files it opens itself; one with a high number would go on to every harness.
 *
 * @param keep descriptors that are meant for this process, such as Node's own message channel
 */
export function closeInheritedDescriptors(keep: readonly number[] = []): void {
  if (!existsSync(DESCRIPTORS)) return;
  for (const entry of readdirSync(DESCRIPTORS)) {
    const descriptor = Number(entry);
    if (descriptor < STANDARD_DESCRIPTORS || keep.includes(descriptor)) continue;
    if (isInherited(descriptor)) closeSync(descriptor);
  }
}

function isInherited(descriptor: number): boolean {
  const info = `/proc/self/fdinfo/${descriptor}`;
  if (!existsSync(info)) return false;
  const flags = Number.parseInt(
    readFileSync(info, 'utf8').match(/^flags:\s+([0-7]+)/m)?.[1] ?? '',
    8,
  );
  return Number.isInteger(flags) && (flags & CLOSE_ON_EXEC) === 0;
}
