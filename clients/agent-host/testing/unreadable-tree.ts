/** Run as somebody who is not root: an agent closes what it wrote, and the host takes the patch. Prints what came of it. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGit } from '../git.ts';
import { beginTurn, writePatch } from '../patch.ts';
import { removeOldRuns } from '../retention.ts';
import { openWorkspace } from '../workspace.ts';
import { repository, scratch, write } from './repository.ts';

const git = createGit(process.env);
using home = scratch();
const source = repository(join(home.path, 'src', 'app'), { 'dir/a.txt': 'one\n', 'b.txt': 'x\n' });
const runsDirectory = join(home.path, 'data', 'runs');
const deps = { git, root: join(home.path, 'src'), runsDirectory };
const workspace = await openWorkspace(deps, 'run_1', { source, ref: '', base_commit: '' });
await beginTurn(git, workspace, 1);
const at = (...names: string[]) => join(workspace.workTree, ...names);
write(at('b.txt'), 'changed\n');
chmodSync(at('b.txt'), 0o000);
mkdirSync(at('closed'));
write(at('closed', 'new.txt'), 'new\n');
chmodSync(at('closed'), 0o000);
write(at('dir', 'a.txt'), 'changed too\n');
chmodSync(at('dir'), 0o000);
const { file, filesChanged } = await writePatch(git, workspace);
const patch = file ? readFileSync(file.path, 'utf8') : '';

chmodSync(at('closed'), 0o000);
const open = { open: async () => [] } as unknown as Parameters<typeof removeOldRuns>[1];
const removed = await removeOldRuns(runsDirectory, open, Date.now() + 10 * 86_400_000);
process.stdout.write(
  JSON.stringify({ filesChanged, deletes: patch.includes('deleted file'), removed }),
);
