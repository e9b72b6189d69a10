/** The recorded histories on disk: one folder per build, one file per workflow of a scenario. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const HISTORIES = join(import.meta.dirname, '..', 'histories');

/** What a frozen build holds, in the words of `sha256sum`. */
export const SUMS_FILE = 'sha256sums.txt';

export interface RecordedHistory {
  build: string;
  file: string;
  /** `{build}/{file}`, which no other history has; a run in several histories has one workflow id. */
  name: string;
  run_id: string;
  scenario: string;
  workflow_id: string;
  workflow_type: string;
  history: object;
}

/** Oldest first; the newest is the one that `npm run histories:record` writes. */
export function builds(): string[] {
  return readdirSync(HISTORIES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d{4}-/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

export function newestBuild(): string {
  const newest = builds().at(-1);
  if (!newest) throw new Error(`${HISTORIES} holds no build`);
  return newest;
}

export function historyFiles(build: string): string[] {
  return readdirSync(join(HISTORIES, build))
    .filter((file) => file.endsWith('.json'))
    .sort();
}

export function readHistories(build: string): RecordedHistory[] {
  return historyFiles(build).map((file) => {
    const recorded = JSON.parse(readFileSync(join(HISTORIES, build, file), 'utf8'));
    const [started] = recorded.history.events;
    const { workflowType, originalExecutionRunId } =
      started.workflowExecutionStartedEventAttributes;
    return {
      ...{ build, file, name: `${build}/${file}` },
      ...{ workflow_type: workflowType.name, run_id: originalExecutionRunId },
      ...recorded,
    };
  });
}

/** One line per file, as `sha256sum *.json` prints it. */
export function sumsOf(build: string): string {
  return historyFiles(build)
    .map((file) => {
      const sha256 = createHash('sha256').update(readFileSync(join(HISTORIES, build, file)));
      return `${sha256.digest('hex')}  ${file}\n`;
    })
    .join('');
}

export function readSums(build: string): string {
  return readFileSync(join(HISTORIES, build, SUMS_FILE), 'utf8');
}
