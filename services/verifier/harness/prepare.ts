/**
 * From what was handed in to two workspaces: the base commit, and the same with the patch on it and its judge restored.
 *
 * 1. Git runs inside the sandbox; no byte of the repository is unpacked on the host.
 * 2. The base is the commit and the tree that the run names, or nothing is judged.
 * 3. The patched workspace differs from the base in no protected path.
 */
import { writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '../sandbox/quoted.ts';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../sandbox/sandbox.ts';
import type { Egress } from './egress.ts';
import { GIT_ENVIRONMENT } from './git.ts';
import {
  DEFAULT_PROTECTED_PATHS,
  MANIFEST_GLOB,
  pathspecs,
  restoreManifest,
} from './protected-paths.ts';
import { HarnessRefusal } from './refusal.ts';

export interface Material {
  /** A file with a git bundle, or an address to fetch from. */
  readonly source: { readonly bundle: string } | { readonly url: string; readonly egress: Egress };
  readonly baseCommit: string;
  readonly baseTree: string;
  /** A file with a patch as `git diff --binary` writes it. */
  readonly patch: string;
  /** Empty: the default. */
  readonly protectedPaths: readonly string[];
}

export interface Workspaces {
  readonly base: string;
  readonly patched: string;
  /** The judge alone, to lay over whatever a setup of patched code left. */
  readonly judge: string;
  readonly baseTree: string;
  readonly protectedPathsTouched: readonly string[];
}

/** Exit codes of the steps below, outside of those of git. */
const FAULTS: Readonly<Record<number, string>> = {
  91: 'the repository is not a git bundle, or not a complete one',
  92: 'the repository cannot be fetched',
  93: 'the base commit is not in the repository',
  94: 'the base commit cannot be checked out',
  95: 'the tree of the base commit is not the one the run names',
  96: 'the patch does not apply to the base commit',
  97: 'the protected paths cannot be restored',
};

const OBJECT_ID = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

export async function prepareWorkspaces(
  deps: { sandbox: Sandbox; directory: string; signal: AbortSignal },
  material: Material,
): Promise<Workspaces> {
  const { directory } = deps;
  const base = join(directory, 'base.tar');
  const patched = join(directory, 'patched.tar');
  const judge = join(directory, 'judge.tar');
  const globs = pathspecs(
    material.protectedPaths.length > 0 ? material.protectedPaths : DEFAULT_PROTECTED_PATHS,
  );
  const manifests = material.protectedPaths.length > 0 ? [] : pathspecs([MANIFEST_GLOB]);

  const baseTree = await checkOut(deps, material, base);
  await step(deps, {
    command: `git update-index -q --refresh
      git apply --index --whitespace=nowarn "$INPUTS/patch" || exit 96`,
    inputs: { patch: material.patch },
    unpack: [base],
    pack: patched,
  });
  const touched = await restoreJudge(deps, patched, globs, manifests);
  await step(deps, {
    command: `mkdir ../judge
      git ls-files -z -- ${words([...globs, ...manifests])} | tar -cf - --null -T - | tar -xf - -C ../judge
      cd .. && rm -rf repo && mv judge repo`,
    unpack: [patched],
    pack: judge,
  });
  return { base, patched, judge, baseTree, protectedPathsTouched: touched };
}

type Deps = Parameters<typeof prepareWorkspaces>[0];

async function checkOut(
  deps: Deps,
  { source, baseCommit, baseTree }: Material,
  pack: string,
): Promise<string> {
  if (!OBJECT_ID.test(baseCommit)) throw new HarnessRefusal('the base commit is not an object id');
  const obtain =
    'bundle' in source
      ? 'git bundle unbundle "$INPUTS/bundle" >/dev/null || exit 91'
      : `git fetch -q --no-tags --depth=1 -- ${quoted(source.url)} ${baseCommit} || exit 92`;
  const { output } = await step(deps, {
    command: `git init -q . || exit 91
      ${obtain}
      git cat-file -e ${baseCommit}^{commit} || exit 93
      git checkout -q --detach ${baseCommit} || exit 94
      git rev-parse ${baseCommit}^{tree}`,
    ...('bundle' in source ? { inputs: { bundle: source.bundle } } : source.egress),
    pack,
  });
  const tree = text(output.bytes).trim().split('\n').at(-1) ?? '';
  if (baseTree !== '' && tree !== baseTree) {
    throw new HarnessRefusal(FAULTS[95] ?? '', `it is ${tree}, the run names ${baseTree}`);
  }
  return tree;
}

async function restoreJudge(
  deps: Deps,
  patched: string,
  globs: readonly string[],
  manifests: readonly string[],
): Promise<string[]> {
  const changed = async (specs: readonly string[]) => {
    if (specs.length === 0) return new Uint8Array();
    const { output } = await step(deps, {
      command: `git diff --cached --no-ext-diff --no-renames --name-only -z HEAD -- ${words(specs)}`,
      unpack: [patched],
    });
    return output.bytes;
  };
  // Git gets the names back byte for byte: not every name is text.
  const touchedBytes = await changed(globs);
  const touched = names(touchedBytes);
  const restored = await restoredManifests(deps, patched, names(await changed(manifests)));
  if (touched.length === 0 && restored.length === 0) return [];
  const listFile = join(deps.directory, 'touched');
  writeFileSync(listFile, touchedBytes);
  const inputs: Record<string, string> = { touched: listFile };
  const copies = restored.map(({ path, text: content }, index) => {
    const file = join(deps.directory, `manifest-${index}`);
    writeFileSync(file, content);
    inputs[`manifest-${index}`] = file;
    return `rm -f ${quoted(path)} && cp "$INPUTS/manifest-${index}" ${quoted(path)} && git add -- ${quoted(path)} || exit 97`;
  });
  const result = `${patched}.restored`;
  await step(deps, {
    command: `export GIT_LITERAL_PATHSPECS=1
      git update-index -q --refresh
      [ ! -s "$INPUTS/touched" ] || git restore --source=HEAD --staged --worktree \\
        --pathspec-from-file="$INPUTS/touched" --pathspec-file-nul || exit 97
      ${copies.join('\n')}
      exit 0`,
    inputs,
    unpack: [patched],
    pack: result,
  });
  await rename(result, patched);
  return [...touched, ...restored.flatMap(({ keys }) => keys)];
}

async function restoredManifests(deps: Deps, patched: string, paths: readonly string[]) {
  const read = async (command: string) =>
    text((await step(deps, { command, unpack: [patched] })).output.bytes);
  const restorations = [];
  for (const path of paths) {
    if (path.includes(NO_TEXT)) throw new HarnessRefusal(FAULTS[97] ?? '', `${path} is no text`);
    const before = await read(`git cat-file blob ${quoted(`HEAD:${path}`)} 2>/dev/null || true`);
    const after = await read(`git cat-file blob ${quoted(`:${path}`)} 2>/dev/null || true`);
    // A manifest the patch adds or deletes has no base to keep.
    const restoration = before && after ? restoreManifest(path, before, after) : null;
    if (restoration) restorations.push({ path, ...restoration });
  }
  return restorations;
}

async function step(deps: Deps, job: SandboxJob): Promise<SandboxOutcome> {
  const outcome = await deps.sandbox.run({ ...job, env: GIT_ENVIRONMENT }, deps.signal);
  if (outcome.ended === 'exited' && outcome.exitCode === 0) return outcome;
  const said = text(outcome.output.bytes);
  if (outcome.ended !== 'exited') throw new HarnessRefusal(`git ended by ${outcome.ended}`, said);
  throw new HarnessRefusal(FAULTS[outcome.exitCode] ?? `git failed (${outcome.exitCode})`, said);
}

/** What bytes that are no UTF-8 are read as. */
const NO_TEXT = '\ufffd';

function names(bytes: Uint8Array): string[] {
  return text(bytes).split('\0').filter(Boolean);
}

function words(items: readonly string[]): string {
  return items.map(quoted).join(' ');
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
