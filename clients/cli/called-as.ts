import { basename, delimiter, dirname } from 'node:path';
import type { Environment } from '../api/config-home.ts';

/** How the person can call `oa` again: its bare name where that is on their PATH, else as they called it just now. */
export function calledAs(environment: Environment): string {
  const launcher = environment['OA_CALLED_AS'];
  if (!launcher) return 'oa';
  const onPath = environment['PATH']?.split(delimiter).includes(dirname(launcher));
  return onPath ? basename(launcher) : launcher;
}

/** Commands in a hint of ours, spelled so that they can be called. */
export function spellOut(hint: string, environment: Environment): string {
  return hint.replace(/(?<=^|`|: )oa (?=[a-z])/gm, `${calledAs(environment)} `);
}
