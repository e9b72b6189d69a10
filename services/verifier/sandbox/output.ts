import { createHash } from 'node:crypto';
import type { Sha256 } from '#proto/sha256.ts';

export interface Output {
  /** Everything that was read, at most the limit. */
  readonly bytes: Uint8Array;
  readonly hash: Sha256;
  readonly limitReached: boolean;
}

/** Keeps what a command prints, whole, up to a limit at which `onLimit` is told once. */
export function collectOutput(bytesMax: number, onLimit: () => void) {
  const chunks: Uint8Array[] = [];
  const hash = createHash('sha256');
  let kept = 0;
  let limitReached = false;
  return {
    take(chunk: Uint8Array): void {
      if (limitReached) return;
      const part = chunk.subarray(0, bytesMax - kept);
      chunks.push(part);
      hash.update(part);
      kept += part.length;
      if (part.length === chunk.length) return;
      limitReached = true;
      onLimit();
    },
    finish(): Output {
      return { bytes: Buffer.concat(chunks), hash: `sha256:${hash.digest('hex')}`, limitReached };
    },
  };
}
