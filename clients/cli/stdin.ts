import { usageError } from './exit-codes.ts';

/** A code or a short document, never a stream. */
const STDIN_CHARACTERS_MAX = 1024 * 1024;

export async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  input.setEncoding('utf8');
  let text = '';
  for await (const chunk of input) {
    text += chunk;
    if (text.length > STDIN_CHARACTERS_MAX) throw usageError('standard input is too long');
  }
  return text;
}
