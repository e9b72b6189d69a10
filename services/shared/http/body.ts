import { JSON_DEPTH_MAX } from '#proto/canonical.ts';
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

/** @throws ProblemError invalid_request for bytes that are no UTF-8, no JSON, or nested too deeply to walk. */
export function parseJson(bytes: Uint8Array): unknown {
  if (nestsDeeperThan(bytes, JSON_DEPTH_MAX)) {
    throw malformed(`is nested deeper than ${JSON_DEPTH_MAX}`);
  }
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST_OPENS = 0x5b;
const LIST_CLOSES = 0x5d;
const OBJECT_OPENS = 0x7b;
const OBJECT_CLOSES = 0x7d;

/** Whoever walks a value walks it by recursion; 500,000 brackets fit into a mebibyte and end any stack. */
function nestsDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (isText) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === LIST_OPENS || byte === OBJECT_OPENS) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (byte === LIST_CLOSES || byte === OBJECT_CLOSES) depth -= 1;
  }
  return false;
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
