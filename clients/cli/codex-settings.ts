import type { CodexSettings } from '../agent-host/compose.ts';
import type { TokenPrice } from '../agent-host/drivers/codex/usage.ts';
import type { Environment } from '../api/config-home.ts';
import { usageError } from './exit-codes.ts';

export interface CodexFlags {
  codex?: string;
  codexUrl?: string;
  codexModel?: string;
}

/**
 * Flags before environment. No file says any of this: the file of a project comes with its repository, and a repository
 * must not choose what a host executes or where a key is sent.
 */
export function codexSettings(flags: CodexFlags, environment: Environment): CodexSettings {
  const serverUrl = flags.codexUrl ?? environment['OA_CODEX_URL'];
  if (serverUrl && !URL.canParse(serverUrl)) throw usageError(`${serverUrl} is no URL`);
  return {
    binary: flags.codex ?? (environment['OA_CODEX'] || undefined),
    serverUrl: serverUrl || undefined,
    model: flags.codexModel ?? (environment['OA_CODEX_MODEL'] || undefined),
    price: priceOf(environment['OA_CODEX_PRICE']),
  };
}

const PRICE = /^(\d{1,12}),(\d{1,12}),(\d{1,12})$/;

/** `input,cached input,output` in millisatoshis for a million tokens. */
function priceOf(text: string | undefined): TokenPrice | undefined {
  if (!text) return undefined;
  const found = PRICE.exec(text);
  if (!found) {
    throw usageError(
      `OA_CODEX_PRICE=${text} is no price`,
      'Three whole numbers: millisatoshis for a million tokens of input, cached input and output.',
    );
  }
  const [inputMsats, cachedInputMsats, outputMsats] = found.slice(1).map(Number);
  return {
    inputMsats: inputMsats ?? 0,
    cachedInputMsats: cachedInputMsats ?? 0,
    outputMsats: outputMsats ?? 0,
  };
}
