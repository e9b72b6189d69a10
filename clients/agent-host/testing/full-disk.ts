/** Runs one turn in a home of a few MiB and prints what came of it. Arguments: home, root of the repositories, case. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTurn, surroundings, turnOf } from './turns.ts';

const [, , home = '', root = '', scene = ''] = process.argv;

const COMMANDS: Record<string, string> = {
  clone: 'true',
  'work tree': 'head -c 20000000 /dev/urandom > big.bin; true',
  patch: 'head -c 3500000 /dev/urandom > big.bin',
  output: 'head -c 9000000 /dev/urandom | base64',
};

const around = surroundings(home);
const deps = { ...around, workspaces: { ...around.workspaces, root } };
const turn = turnOf(['/bin/sh', '-c', COMMANDS[scene] ?? 'false'], {
  source: join(root, scene === 'clone' ? 'large' : 'small'),
  mode: 'full_access',
  outputBytesMax: 20_000_000,
});
const { receipt } = await runTurn(deps, turn);
const directory = join(home, 'data', 'runs', 'run_1');
process.stdout.write(
  JSON.stringify({
    code: receipt.payload['code'] ?? '',
    message: receipt.payload['message'] ?? '',
    retryable: receipt.payload['retryable'] ?? null,
    events: deps.taken.events.map(({ event_type }) => event_type),
    workspace: existsSync(join(directory, 'work')),
    left: readdirSync(directory),
  }),
);
