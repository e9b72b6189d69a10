import { CODEC_BYTES_MAX } from '../limits.ts';
import { COMMAND } from './presets.ts';
import type { Route } from './routes.ts';

/** Temporal's protocol of remote codecs: the UI and the CLI ask an operator's endpoint for what they cannot read. */
const CODEC = {
  ...COMMAND,
  envelope: 'none',
  auth: 'access',
  scope: 'ops.read',
  mutates: false,
  idempotency: 'none',
  request: 'openagents.ops.v1.CodecPayloads',
  response: 'openagents.ops.v1.CodecPayloads',
  bodyBytesMax: CODEC_BYTES_MAX,
} as const;

export const CODEC_ROUTES = [
  {
    ...CODEC,
    name: 'runtime.codec.decode',
    summary: 'Payloads of a history, readable, for the Temporal UI and CLI of an operator',
    path: '/codec/decode',
  },
  {
    ...CODEC,
    name: 'runtime.codec.encode',
    summary: 'Payloads as Temporal keeps them, for what an operator sends by the Temporal CLI',
    path: '/codec/encode',
  },
] as const satisfies readonly Route[];
