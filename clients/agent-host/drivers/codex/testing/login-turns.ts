import { join } from 'node:path';
import { script, write } from '../../../testing/repository.ts';
import type { CodexDriverDeps } from '../driver.ts';
import { type CodexTurns, codex, codexTurns } from './codex-turns.ts';
import type { ModelScript } from './scripted-model.ts';

export const LOGIN = { auth_mode: 'apikey', OPENAI_API_KEY: 'sk-of-a-person' };

export const loginFileOf = (home: string) => join(home, 'person', '.codex', 'auth.json');

/**
 * Turns of a worker with a person's login; the real binary takes the scripted model for OpenAI's own server. `first` is done
 * by the app server's process before it is one.
 */
export async function loginTurns(
  home: string,
  model: ModelScript,
  more: Partial<CodexDriverDeps> = {},
  first = 'true',
): Promise<CodexTurns> {
  if (!codex.found) throw new Error(codex.reason);
  write(loginFileOf(home), JSON.stringify(LOGIN));
  const program = join(home, 'program', 'bin', 'codex');
  const turns = await codexTurns(home, model, {
    serverUrl: undefined,
    binary: { ...codex.found, path: program },
    ...more,
  });
  const url = `openai_base_url="${turns.model.url}"`;
  script(program, `${first}\nexec '${codex.found.path}' "$@" -c '${url}'`);
  return turns;
}
