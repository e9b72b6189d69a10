import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type StoreNamespace,
  TOPICS_KEPT_MAX,
  type Watermark,
  type WatermarkStore,
} from './watermark-store.ts';

/** Written into each file (2 of `watermark-store.ts`). */
const SCHEMA_VERSION = 1;

export interface FileStoreOptions extends StoreNamespace {
  directory: string;
}

/**
 * One file per topic, so that two processes of the same user that follow different topics never overwrite each other;
 * replaced by an atomic rename, so that a crash leaves the old value or the new one.
 */
export async function createFileStore(options: FileStoreOptions): Promise<WatermarkStore> {
  const namespace = [options.userId, options.orgId, options.deviceId].join('\n');
  const directory = join(options.directory, digest(namespace));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeOldest(directory);
  let writes = 0;

  const pathOf = (topic: string) => join(directory, `${digest(topic)}.json`);
  return {
    async load(topic) {
      const text = await readFile(pathOf(topic), 'utf8').catch(absentAsUndefined);
      return text === undefined ? undefined : parseWatermark(text, topic);
    },
    async save(topic, watermark) {
      const path = pathOf(topic);
      writes += 1;
      const temporary = `${path}.${process.pid}.${writes}.tmp`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(serialize(topic, watermark));
        // Without it the rename can reach the disk before the bytes do, and a power cut leaves an empty file.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    },
    async forget(topic) {
      await rm(pathOf(topic), { force: true });
    },
  };
}

function serialize(topic: string, { epoch, seq }: Watermark): string {
  return `${JSON.stringify({ schema_version: SCHEMA_VERSION, topic, epoch, seq: String(seq) })}\n`;
}

/** A file that does not parse counts as absent: the reader starts over, which loses nothing. */
function parseWatermark(text: string, topic: string): Watermark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const { epoch, seq } = record;
  if (record['topic'] !== topic || typeof epoch !== 'string') return undefined;
  if (typeof seq !== 'string' || !/^\d{1,19}$/.test(seq)) return undefined;
  return { epoch, seq: BigInt(seq) };
}

async function removeOldest(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length <= TOPICS_KEPT_MAX) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path).catch(absentAsUndefined);
      return { path, touchedMs: found?.mtimeMs ?? 0 };
    }),
  );
  files.sort((a, b) => b.touchedMs - a.touchedMs);
  await Promise.all(files.slice(TOPICS_KEPT_MAX).map(({ path }) => rm(path, { force: true })));
}

function absentAsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
