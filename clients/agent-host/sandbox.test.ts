import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detectSandbox } from './sandbox.ts';
import { scratch, write } from './testing/repository.ts';

const request = { mode: 'workspace_write', workTree: '/tmp', readable: [], hidden: [] } as const;

test('where bubblewrap is missing a command runs as it is, and its confinement says why', async () => {
  using home = scratch();
  const sandbox = await detectSandbox(home.path);
  expect(sandbox.bubblewrap).toBeUndefined();
  expect(await sandbox.wrap(['./fix.sh'], request)).toEqual({
    argv: ['./fix.sh'],
    confinement: {
      mode: 'workspace_write',
      tool: 'none',
      network: true,
      unsandboxed_because: 'bubblewrap_unavailable',
    },
  });
});

const here = await detectSandbox(process.env['PATH']);

test.runIf(here.bubblewrap)(
  'a read-only sandbox mounts the work tree read-only, and hides what exists',
  async () => {
    using home = scratch();
    mkdirSync(join(home.path, '.ssh'));
    write(join(home.path, '.netrc'), 'secret');
    const { argv, confinement } = await here.wrap(['true'], {
      ...request,
      mode: 'read_only',
      workTree: home.path,
      hidden: [join(home.path, '.ssh'), join(home.path, '.netrc'), join(home.path, '.aws')],
    });
    const line = argv.join(' ');
    expect(line).toContain(`--ro-bind ${home.path} ${home.path}`);
    expect(line).toContain(`--tmpfs ${home.path}/.ssh`);
    expect(line).toContain(`--ro-bind /dev/null ${home.path}/.netrc`);
    expect(line).not.toContain('.aws');
    expect(confinement).toEqual({ mode: 'read_only', tool: 'bubblewrap', network: false });
  },
);
