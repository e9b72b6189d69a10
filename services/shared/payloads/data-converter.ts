import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { createPayloadCodec } from './codec.ts';
import type { PayloadKeys } from './key-ring.ts';

const FAILURE_CONVERTER = join(
  ...[import.meta.dirname, '..', '..', '..', 'workflows', 'shared', 'failure-converter.ts'],
);

/** How every process of ours that talks to Temporal writes and reads; without keys as Temporal does by itself. */
export function dataConverterOf(keys: PayloadKeys | undefined): DataConverter {
  if (!keys) return {};
  return { payloadCodecs: [createPayloadCodec(keys)], failureConverterPath: FAILURE_CONVERTER };
}
