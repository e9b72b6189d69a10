/**
 * Moves `proto/baseline.binpb`, the published contract that `buf breaking` compares with. Only a release runs this;
 * against the merge base, main would be compared with itself.
 */
import { execFileSync } from 'node:child_process';
import { BASELINE, ROOT } from './contract.ts';

execFileSync(
  'node_modules/.bin/buf',
  ['build', 'proto', '--exclude-source-info', '-o', `${BASELINE}#format=binpb`],
  { cwd: ROOT, stdio: 'inherit' },
);
process.stdout.write(`${BASELINE}\n`);
