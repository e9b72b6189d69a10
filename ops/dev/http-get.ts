import { get } from 'node:http';

export interface HttpAnswer {
  ok: boolean;
  body: string;
}

/**
 * A GET by node:http. Not by fetch: its standard blocks ports of other protocols, and the worker's 4190 is one
 * (https://fetch.spec.whatwg.org/#port-blocking).
 */
export function httpGet(url: string, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      { signal: AbortSignal.timeout(timeoutMs), agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve({
            ok: response.statusCode === 200,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    request.once('error', reject);
  });
}
