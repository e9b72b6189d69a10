import type { HarnessSpec } from '#proto/gen/types.ts';
import { HarnessRefusal } from './refusal.ts';

/** The kernel takes no single argument above 128 KiB. */
const TEXT_BYTES_MAX = 100_000;

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws HarnessRefusal for commands and variables that no shell could be given */
export function refuseUnrunnable({ commands, setup, env }: HarnessSpec): void {
  for (const [name, value] of Object.entries(env)) {
    if (!VARIABLE_NAME.test(name)) throw new HarnessRefusal(`"${name}" is no name of a variable`);
    refuseText(`variable ${name}`, value);
  }
  for (const command of [...(setup?.commands ?? []), ...commands]) refuseText('a command', command);
  if (commands.length === 0) throw new HarnessRefusal('the harness has no command');
}

function refuseText(what: string, text: string): void {
  if (text.includes('\0')) throw new HarnessRefusal(`${what} holds a NUL`);
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    throw new HarnessRefusal(`${what} is longer than ${TEXT_BYTES_MAX} bytes`);
  }
}
