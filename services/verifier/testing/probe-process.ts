/** Runs every probe with and without its flag, under whatever uid this process has; one JSON document on stdout. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBubblewrap } from '../sandbox/bubblewrap.ts';
import { enforceable, ISOLATION_FLAGS, type IsolationFlag } from '../sandbox/flags.ts';
import { probeMachine } from '../sandbox/machine.ts';
import { resolveToolchain } from '../sandbox/toolchain.ts';
import { openScratch } from '../scratch.ts';
import { PROBE_VARIABLE, PROBES, type Probe } from './probes.ts';

export interface ProbeReport {
  readonly refused?: string;
  readonly enforced: readonly string[];
  readonly unenforced: readonly string[];
  readonly outputs: Readonly<Record<string, { with: string; without: string }>>;
}

const probe = probeMachine();
if (!probe.ok) {
  report({ refused: probe.reason, enforced: [], unenforced: [], outputs: {} });
} else {
  const { machine } = probe;
  const directory = mkdtempSync(join(tmpdir(), 'oa-probes-'));
  const scratch = openScratch(join(directory, 'scratch'));
  const sharedDirectory = join(directory, 'shared');
  mkdirSync(sharedDirectory);
  chmodSync(sharedDirectory, 0o777);
  const listener = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const host = {
    pid: process.pid,
    port: (listener.address() as AddressInfo).port,
    hostname: hostname(),
    sharedDirectory,
  };
  const hostEnvironment = { ...process.env, [PROBE_VARIABLE]: 'secret' };
  let rooms = 0;
  const answer = async ({ command, limits }: Probe, flags: readonly IsolationFlag[]) => {
    const sandbox = createBubblewrap({
      machine,
      flags,
      hostEnvironment,
      toolchain: resolveToolchain(process.env),
      scratch: scratch.directory,
      owner: `${scratch.owner}-${rooms++}`,
    });
    const { output } = await sandbox.run(
      {
        command: command(host),
        caches: { shared: sharedDirectory },
        limits: { wallMs: 60_000, ...limits },
      },
      new AbortController().signal,
    );
    return Buffer.from(output.bytes).toString('utf8').trim();
  };
  const flags = enforceable(ISOLATION_FLAGS, machine);
  const enforced = flags.enforced.map(({ name }) => name);
  const unenforced = flags.unenforced.map(({ name }) => name);
  const identity = machine.identity.kind === 'setpriv' ? 'root' : 'user';
  const outputs: Record<string, { with: string; without: string }> = {};
  for (const each of PROBES) {
    if ((each.only ?? identity) !== identity || !enforced.includes(each.flag)) continue;
    const alone = ISOLATION_FLAGS.filter(({ name }) => !each.aside?.includes(name));
    const without = alone.flatMap((flag) => {
      if (flag.name !== each.flag) return [flag];
      return each.replacedBy ? [{ ...flag, setpriv: () => [], ...each.replacedBy }] : [];
    });
    outputs[each.flag] = { with: await answer(each, alone), without: await answer(each, without) };
  }
  listener.close();
  rmSync(directory, { recursive: true, force: true });
  report({ enforced, unenforced, outputs });
}

function report(value: ProbeReport): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
