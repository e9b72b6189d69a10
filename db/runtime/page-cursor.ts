import { ProblemError } from '#proto/errors.ts';

/** Where the next page begins: after this row, in the order `(created_at desc, id desc)`. */
export interface PageCursor {
  createdAtMs: number;
  id: string;
}

export function encodeCursor({ createdAtMs, id }: PageCursor): string {
  return Buffer.from(`${createdAtMs} ${id}`).toString('base64url');
}

/** Throws ProblemError invalid_request for anything that `encodeCursor` did not write. */
export function decodeCursor(text: string): PageCursor {
  const match = /^(\d{1,15}) ([A-Za-z0-9_]{1,80})$/.exec(Buffer.from(text, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new ProblemError('invalid_request', 'the cursor is not one that this API gave', {
      faults: [{ path: '$.cursor', reason: 'is not a cursor' }],
    });
  }
  return { createdAtMs: Number(match[1]), id: match[2] };
}
