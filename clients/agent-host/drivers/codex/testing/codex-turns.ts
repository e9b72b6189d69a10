import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalAnswer, ApprovalQuestion } from '../../../approvals.ts';
import { repository } from '../../../testing/repository.ts';
import { sandbox, surroundings, turnOf } from '../../../testing/turns.ts';
import type { Turn, TurnDeps, TurnHooks } from '../../../turn.ts';
import { type CodexDriverDeps, createCodexDriver } from '../driver.ts';
import { locateCodex } from '../locate.ts';
import { CODEX_INSTALL_COMMAND } from '../version.ts';
import { type ModelScript, type ScriptedModel, startScriptedModel } from './scripted-model.ts';

const CACHE = join(import.meta.dirname, '..', '..', '..', '..', '..', '.cache');

export const codex = await locateCodex({
  setting: process.env['OA_CODEX'] || undefined,
  cacheDirectory: CACHE,
  searchPath: process.env['PATH'],
});

/** For the name of what is skipped: empty where the binary is here. */
export const codexNeeded = codex.found ? '' : ` (needs Codex: ${CODEX_INSTALL_COMMAND})`;

/** A model of the binary’s own catalogue: it is offered all tools, `apply_patch` among them. */
export const KNOWN_MODEL = 'gpt-5.5';

export interface CodexTurns extends AsyncDisposable {
  deps: ReturnType<typeof surroundings>;
  model: ScriptedModel;
  homeDirectory: string;
  source: string;
  turn(more?: Partial<Turn>): Turn;
}

/** The real binary, a scripted model, and a repository, in a directory. */
export async function codexTurns(
  home: string,
  script: ModelScript,
  more: Partial<CodexDriverDeps> = {},
): Promise<CodexTurns> {
  if (!codex.found) throw new Error(codex.reason);
  const model = await startScriptedModel(script);
  const homeDirectory = join(home, 'data', 'codex');
  mkdirSync(join(home, 'data'), { recursive: true });
  const driver = createCodexDriver({
    binary: codex.found,
    homeDirectory,
    serverUrl: model.url,
    model: KNOWN_MODEL,
    price: undefined,
    sandbox,
    environment: {
      PATH: process.env['PATH'],
      HOME: join(home, 'person'),
      OPENAI_API_KEY: 'sk-of-a-test',
    },
    hidden: [join(home, 'config'), join(home, 'data')],
    now: Date.now,
    stopGraceMs: 500,
    ...more,
  });
  mkdirSync(join(home, 'person'), { recursive: true });
  const deps: ReturnType<typeof surroundings> = surroundings(home, {
    driver: (name: string) => (name === 'codex' ? driver : undefined),
  } satisfies Partial<TurnDeps>);
  // What outlives a turn is killed by this name, also where another test of this machine uses it.
  const requestId = `req_${randomUUID()}`;
  const source = repository(join(home, 'src', 'app'), { 'a.txt': 'one\n' });
  return {
    deps,
    model,
    homeDirectory,
    source,
    turn(overrides = {}) {
      const turn = turnOf([], { source });
      return { ...turn, agent: { ...turn.agent, driver: 'codex' }, requestId, ...overrides };
    },
    [Symbol.asyncDispose]: () => model.close(),
  };
}

/** A desk that answers by a rule and keeps what it was asked. */
export function answering(
  rule: (question: ApprovalQuestion) => ApprovalAnswer['decision'],
): Pick<TurnHooks, 'approvals'> & { asked: ApprovalQuestion[] } {
  const asked: ApprovalQuestion[] = [];
  return {
    asked,
    approvals: {
      async ask(question) {
        asked.push(question);
        return { decision: rule(question), scope: 'once', reason: '' };
      },
    },
  };
}

const COMES_WITHIN_MS = 60_000;
const LOOK_MS = 20;

export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + COMES_WITHIN_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await delay(LOOK_MS);
  }
}
