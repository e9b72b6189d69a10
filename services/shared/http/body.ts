import { ProblemError } from '#proto/errors.ts';

const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;

/** Refuses everything that is not JSON in UTF-8: a form or a text body is somebody else's request. */
export function requireJson(headers: Headers): void {
  const type = headers.get('content-type') ?? '';
  if (JSON_TYPE.test(type)) return;
  throw new ProblemError(
    'unsupported_media_type',
    `The body must be application/json, not ${type === '' ? 'untyped' : type.slice(0, 100)}.`,
  );
}

/**
 * The whole body, never more than `bytesMax` of it in memory.
 *
 * @throws ProblemError payload_too_large
 */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  refuseDeclaredExcess(request.headers, bytesMax);
  if (request.headers.has('content-length')) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  for await (const chunk of boundedContent(request, bytesMax)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The body as a stream that fails past `bytesMax`.
 *
 * @throws ProblemError payload_too_large, at once where the declared length says so.
 */
export function boundedContent(request: Request, bytesMax: number): AsyncIterable<Uint8Array> {
  refuseDeclaredExcess(request.headers, bytesMax);
  const { body } = request;
  return (async function* content() {
    let bytes = 0;
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      yield chunk;
    }
  })();
}

/** @throws ProblemError invalid_request for bytes that are no UTF-8 or no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw malformed('is not valid UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function malformed(reason: string): ProblemError {
  return new ProblemError('invalid_request', `The body ${reason}.`, {
    faults: [{ path: '$', reason }],
  });
}

function refuseDeclaredExcess(headers: Headers, bytesMax: number): void {
  if (Number(headers.get('content-length') ?? 0) > bytesMax) throw tooLarge(bytesMax);
}

function tooLarge(bytesMax: number): ProblemError {
  return new ProblemError('payload_too_large', `The body is larger than ${bytesMax} bytes.`);
}
