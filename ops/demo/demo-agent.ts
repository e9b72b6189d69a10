import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProvider } from '#clients/agent-host/drivers/codex/home.ts';
import { locateCodex } from '#clients/agent-host/drivers/codex/locate.ts';
import { startScriptedModel } from '#clients/agent-host/drivers/codex/testing/scripted-model.ts';
import type { Layout } from '../dev/layout.ts';
import { REPAIR_SCRIPT } from './codex-script.ts';

/** Who does the work of the demo. */
export interface DemoAgent {
  /** For `oa run --agent`. */
  agent: string;
  /** For `oa worker start`. */
  workerFlags: string[];
  /** Said before the run. */
  note: string | undefined;
  stop(): Promise<void>;
}

/** A model of Codex’s own catalogue: any other is offered no `apply_patch`. */
const SCRIPTED_AS = 'gpt-5.5';

/** `--agent codex` takes the login or the key of whoever starts it; with `--offline`, a script in the model’s place. */
export async function demoAgent(args: string[], layout: Layout): Promise<DemoAgent> {
  const { values } = parseArgs({
    args,
    options: { agent: { type: 'string', default: 'script' }, offline: { type: 'boolean' } },
  });
  if (values.agent === 'script' && !values.offline) {
    const agent = join(layout.root, 'ops', 'demo', 'agent.sh');
    return { agent, workerFlags: [], note: undefined, stop: async () => undefined };
  }
  if (values.agent !== 'codex') throw new Error('npm run demo -- [--agent codex [--offline]]');
  const search = await locateCodex({
    setting: process.env['OA_CODEX'] || undefined,
    cacheDirectory: layout.cache,
    searchPath: process.env['PATH'],
  });
  if (!search.found) throw new Error(search.reason);
  if (!values.offline) {
    if (await findProvider(process.env, process.env['OA_CODEX_URL'])) {
      return { agent: 'codex', workerFlags: [], note: undefined, stop: async () => undefined };
    }
    throw new Error(
      'Codex has no login here. Run `codex login`, set OPENAI_API_KEY, or add --offline for a script in the place of the model.',
    );
  }
  const model = await startScriptedModel(REPAIR_SCRIPT);
  return {
    agent: 'codex',
    workerFlags: ['--codex-url', model.url, '--codex-model', SCRIPTED_AS],
    note: `The real Codex ${search.found.version}, and a script in the place of its model.`,
    stop: model.close,
  };
}
