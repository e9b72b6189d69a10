import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const MODULE = join(import.meta.dirname, 'inherited-descriptors.ts');

/** Beyond the numbers that Node looks at by itself. */
const DESCRIPTOR = 40;

/** What a grandchild has open at that number, when its parent was started with a file there. */
async function seenByGrandchild(prepare: string): Promise<string> {
  const file = openSync('/proc/self/status', 'r');
  const look = `require('node:child_process').spawnSync('ls', ['-l', '/proc/self/fd'], {stdio: ['ignore', 1, 1]})`;
  const program = `import('${MODULE}').then((module) => { ${prepare}; ${look} })`;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: Array.from({ length: DESCRIPTOR + 1 }, (_, number) =>
      number === 1 ? 'pipe' : number === DESCRIPTOR ? file : 'ignore',
    ),
  });
  if (!child.stdout) throw new Error('no output');
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  closeSync(file);
  return output
    .split('\n')
    .filter((line) => line.includes(` ${DESCRIPTOR} -> `))
    .join('');
}

it.skipIf(process.platform !== 'linux')(
  'a file that a supervisor left open reaches no harness',
  async () => {
    expect(await seenByGrandchild('')).toContain('status');
    expect(await seenByGrandchild('module.closeInheritedDescriptors()')).not.toContain('status');
  },
);
