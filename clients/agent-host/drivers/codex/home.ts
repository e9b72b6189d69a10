/**
 * The CODEX_HOME of one worker: its threads, its configuration, and a way to the login of the person who started the host.
 * Nothing of the person's own configuration is used, so that a run means the same on every machine.
 */
import { mkdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY_MODE, writeFileAtomic } from '../../../api/atomic-file.ts';
import type { Environment } from '../../git.ts';

/** Where the model answers. */
export type ModelProvider =
  /** The person's own `codex login`. */
  | { kind: 'login'; authFile: string }
  /** An OpenAI key, by the name of its variable. */
  | { kind: 'key'; variable: string }
  /** Another server that speaks the Responses API, e.g. the scripted one. */
  | { kind: 'server'; baseUrl: string; variable: string | undefined };

export interface CodexHome {
  directory: string;
  provider: ModelProvider;
  /** Used where a run names no model; undefined leaves it to Codex. */
  model: string | undefined;
}

const KEY_VARIABLE = 'OPENAI_API_KEY';
const OPENAI_BASE_URL = 'https://api.openai.com/v1';
/** A name of ours: Codex refuses to have its built-in providers described again. */
const PROVIDER_NAME = 'openagents';

/** A server that is named, then a login, then a key; undefined where there is none of them. */
export async function findProvider(
  environment: Environment,
  serverUrl: string | undefined,
): Promise<ModelProvider | undefined> {
  if (serverUrl) {
    const variable = environment[KEY_VARIABLE] ? KEY_VARIABLE : undefined;
    return { kind: 'server', baseUrl: serverUrl, variable };
  }
  const authFile = join(userCodexHome(environment), 'auth.json');
  const found = await stat(authFile).catch(() => undefined);
  if (found?.isFile()) return { kind: 'login', authFile };
  return environment[KEY_VARIABLE] ? { kind: 'key', variable: KEY_VARIABLE } : undefined;
}

export function userCodexHome(environment: Environment): string {
  return environment['CODEX_HOME'] || join(environment['HOME'] ?? homedir(), '.codex');
}

/** Writes the home anew, but for the threads that are kept in it. */
export async function prepareHome({ directory, provider, model }: CodexHome): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  await writeFileAtomic(join(directory, 'config.toml'), configText(provider, model));
  await pointTo(join(directory, 'auth.json'), provider.kind === 'login' ? provider.authFile : '');
}

/** A link and no copy: Codex refreshes a login in place, and a copy would log the person out. */
async function pointTo(link: string, target: string): Promise<void> {
  const current = await readlink(link).catch(() => '');
  if (current === target && target !== '') return;
  await rm(link, { force: true });
  if (target !== '') await symlink(target, link);
}

function configText(provider: ModelProvider, model: string | undefined): string {
  const lines = [
    ...(model ? [`model = ${quoted(model)}`] : []),
    ...(provider.kind === 'login' ? [] : [`model_provider = ${quoted(PROVIDER_NAME)}`]),
    'check_for_update_on_startup = false',
    'suppress_unstable_features_warning = true',
    '[analytics]',
    'enabled = false',
    '[tools.update_plan]',
    'enabled = true',
    '[features]',
    'request_permissions_tool = true',
    'default_mode_request_user_input = true',
    // Commands see what a program needs to find its tools, and no key of the host.
    '[shell_environment_policy]',
    'inherit = "core"',
    ...providerLines(provider),
  ];
  return `${lines.join('\n')}\n`;
}

function providerLines(provider: ModelProvider): string[] {
  if (provider.kind === 'login') return [];
  const baseUrl = provider.kind === 'key' ? OPENAI_BASE_URL : provider.baseUrl;
  return [
    `[model_providers.${PROVIDER_NAME}]`,
    `name = ${quoted(PROVIDER_NAME)}`,
    `base_url = ${quoted(baseUrl)}`,
    'wire_api = "responses"',
    'requires_openai_auth = false',
    ...(provider.variable ? [`env_key = ${quoted(provider.variable)}`] : []),
  ];
}

/** A basic string of TOML, whose escapes are those of JSON. */
function quoted(value: string): string {
  return JSON.stringify(value);
}
