/** Sleeps in a room below a directory until it is killed; further arguments name flags that the room does without. */
import { createBubblewrap } from '../sandbox/bubblewrap.ts';
import { ISOLATION_FLAGS } from '../sandbox/flags.ts';
import { probeMachine } from '../sandbox/machine.ts';
import { resolveToolchain } from '../sandbox/toolchain.ts';
import { openScratch } from '../scratch.ts';

const [, , directory = '', seconds = '', ...without] = process.argv;
const probe = probeMachine();
if (!probe.ok) throw new Error(probe.reason);
const scratch = openScratch(directory);
const sandbox = createBubblewrap({
  machine: probe.machine,
  toolchain: resolveToolchain(process.env),
  scratch: scratch.directory,
  owner: scratch.owner,
  hostEnvironment: process.env,
  flags: ISOLATION_FLAGS.filter(({ name }) => !without.includes(name)),
});
await sandbox.run({ command: `exec sleep ${seconds}` }, new AbortController().signal);
