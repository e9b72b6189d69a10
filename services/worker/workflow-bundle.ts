/** The workflows as one script, built once per state of their sources: webpack takes seconds, a start should not. */
import { createHash } from 'node:crypto';
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, type Logger, type WorkflowBundle } from '@temporalio/worker';

const ROOT = join(import.meta.dirname, '..', '..');

/** Everything that can stand in the bundle. */
const SOURCES = ['workflows/**/*.ts', 'proto/*.ts', 'temporal.config.ts', 'package-lock.json'];

const require = createRequire(import.meta.url);

/** They record spans of workflows; a history written with them replays only with them. */
export const WORKFLOW_INTERCEPTORS = [
  require.resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'),
];

/** What of a data converter becomes part of the bundle. */
export type BundledConverter = Pick<DataConverter, 'failureConverterPath'>;

/** The bundle of the sources as they are, from `directory` where it was built before. */
export async function workflowBundle(
  directory: string,
  logger: Logger,
  converter: BundledConverter = {},
): Promise<WorkflowBundle> {
  if (!directory) return build(logger, converter);
  const hash = await sourceHash();
  const variant = converter.failureConverterPath ? '-encrypted' : '';
  const path = join(directory, `${hash}${variant}.js`);
  const built = await readFile(path, 'utf8').catch(() => undefined);
  if (built !== undefined) return { code: built };
  const { code } = await build(logger, converter);
  await mkdir(directory, { recursive: true });
  // Aside and renamed, so that no other start reads half of it.
  await writeFile(`${path}.${process.pid}`, code);
  await rename(`${path}.${process.pid}`, path);
  await forgetOthers(directory, hash);
  return { code };
}

/** Bundles of earlier sources, 4 MB each, are of no use to anybody. */
async function forgetOthers(directory: string, hash: string): Promise<void> {
  for (const file of await readdir(directory)) {
    if (!file.endsWith('.js') || file.startsWith(hash)) continue;
    await rm(join(directory, file), { force: true });
  }
}

function build(
  logger: Logger,
  { failureConverterPath }: BundledConverter,
): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows', 'index.ts'),
    workflowInterceptorModules: WORKFLOW_INTERCEPTORS,
    ...(failureConverterPath && { failureConverterPath }),
    logger,
  });
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  const files: string[] = [];
  for await (const file of glob(SOURCES, { cwd: ROOT })) {
    if (!file.endsWith('.test.ts')) files.push(file);
  }
  for (const file of files.sort()) {
    const content = await readFile(join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}
