import { ApiError } from './errors.ts';

/** A line on which nothing comes for so long, while somebody reads, is dead, though nobody said so. */
export const SILENCE_MS_MAX = 30_000;

/**
 * The same answer, whose body ends with ApiError `Network` where the line breaks or falls silent. The reader's own pauses do
 * not count: only what was asked for and does not come.
 */
export function withWatchedBody(response: Response, silenceMsMax = SILENCE_MS_MAX): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await read(reader, silenceMsMax);
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, silenceMsMax: number) {
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    // Ends the read under way, and gives the dead connection up.
    void reader.cancel().catch(() => undefined);
  }, silenceMsMax);
  try {
    const { done, value } = await reader.read();
    if (silent) throw brokenOff(`nothing came for ${silenceMsMax} ms`);
    return done ? undefined : value;
  } catch (error) {
    throw error instanceof ApiError ? error : brokenOff(String(error), error);
  } finally {
    clearTimeout(timer);
  }
}

function brokenOff(why: string, cause?: unknown): ApiError {
  return new ApiError('Network', `an answer broke off: ${why}`, { cause });
}
