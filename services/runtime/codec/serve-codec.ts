import type { Payload, PayloadCodec } from '@temporalio/common';
import { ProblemError } from '#proto/errors.ts';
import type { CodecPayload, CodecPayloads } from '#proto/gen/types.ts';
import { PayloadUnreadableError } from '../../shared/payloads/codec.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';

type CodecRoute = 'runtime.codec.decode' | 'runtime.codec.encode';

/** Who reads other people's payloads leaves a line in the log. */
export function serveCodec<D extends keyof PayloadCodec>(
  { logger, payloadCodecs }: Pick<RuntimeDeps, 'logger' | 'payloadCodecs'>,
  direction: D,
): RuntimeHandler<CodecRoute> {
  return async function serveCodec({ body, caller, requestId }) {
    const by = caller.kind === 'person' ? caller.user_id : caller.kind;
    const counted = { by, request_id: requestId, payloads: body.payloads?.length ?? 0 };
    logger.info(counted, `payloads ${direction}d for an operator`);
    let payloads = (body.payloads ?? []).map(fromWire);
    try {
      for (const codec of payloadCodecs) payloads = await codec[direction](payloads);
    } catch (error) {
      if (!(error instanceof PayloadUnreadableError)) throw error;
      throw new ProblemError('conflict', `${error.message}.`, { cause: error });
    }
    return { data: { payloads: payloads.map(toWire) } satisfies CodecPayloads };
  };
}

function fromWire({ metadata, data }: CodecPayload): Payload {
  const entries = Object.entries(metadata ?? {}).map(
    ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
  );
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? '', 'base64') };
}

function toWire({ metadata, data }: Payload): CodecPayload {
  const entries = Object.entries(metadata ?? {}).map(
    ([name, value]) => [name, Buffer.from(value).toString('base64')] as const,
  );
  return {
    metadata: Object.fromEntries(entries),
    data: Buffer.from(data ?? []).toString('base64'),
  };
}
