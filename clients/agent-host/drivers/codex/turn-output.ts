import { createHash } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { PRIVATE_FILE_MODE } from '../../../api/atomic-file.ts';
import type { StoredFile } from '../../workspace.ts';

/** All that a turn said and printed, redacted already, in one file with its hash. */
export interface TurnOutput {
  append(text: string): void;
  readonly bytes: number;
  finish(): Promise<StoredFile>;
}

export function createTurnOutput(path: string): TurnOutput {
  const hash = createHash('sha256');
  let file: WriteStream | undefined;
  let failure: Error | undefined;
  let bytes = 0;
  return {
    append(text) {
      if (text === '') return;
      file ??= createWriteStream(path, { mode: PRIVATE_FILE_MODE }).on('error', (error) => {
        failure ??= error;
      });
      file.write(text);
      hash.update(text);
      bytes += Buffer.byteLength(text);
    },
    get bytes() {
      return bytes;
    },
    async finish() {
      const stream = file;
      if (stream && !failure) {
        await new Promise<void>((resolve) => {
          stream.once('close', resolve);
          stream.end();
        });
      }
      if (failure) throw failure;
      return { path, sha256: `sha256:${hash.digest('hex')}`, bytes };
    },
  };
}
