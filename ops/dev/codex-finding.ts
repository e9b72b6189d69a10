import { findProvider, type ModelProvider } from '#clients/agent-host/drivers/codex/home.ts';
import { locateCodex } from '#clients/agent-host/drivers/codex/locate.ts';
import { CODEX_INSTALL_COMMAND } from '#clients/agent-host/drivers/codex/version.ts';
import type { Finding } from './finding.ts';

/** What a worker that is started here finds: the binary, and the way to its model. Without either only runs of Codex wait. */
export async function codexFinding(
  cacheDirectory: string,
  env: NodeJS.ProcessEnv,
): Promise<Finding> {
  const check = 'codex';
  const search = await locateCodex({
    setting: env['OA_CODEX'] || undefined,
    cacheDirectory,
    searchPath: env['PATH'],
  });
  if (!search.found) {
    const { reason } = search;
    return { check, state: 'degraded', detail: reason, mend: CODEX_INSTALL_COMMAND };
  }
  const { version, path, warning } = search.found;
  const provider = await findProvider(env, env['OA_CODEX_URL'] || undefined);
  const model = provider ? describeProvider(provider) : 'no login';
  const detail = [`${version} at ${path}`, model, ...(warning ? ['not the tested version'] : [])];
  return {
    check,
    state: provider && !warning ? 'ok' : 'degraded',
    detail: detail.join(', '),
    mend: provider ? CODEX_INSTALL_COMMAND : '`codex login`, or set OPENAI_API_KEY for the worker',
  };
}

function describeProvider(provider: ModelProvider): string {
  switch (provider.kind) {
    case 'login':
      return `login in ${provider.authFile}`;
    case 'key':
      return `key in ${provider.variable}`;
    case 'server':
      return `model at ${provider.baseUrl}`;
  }
}
