/**
 * The CODEX_HOME of one worker: its threads, its configuration, and a way to the login of the person who started the host.
 * Nothing of the person's own configuration is used, so that a run means the same on every machine.
 */
import { mkdir, readlink, realpath, rm, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  PRIVATE_DIRECTORY_MODE,
  readTextIfPresent,
  writeFileAtomic,
} from '../../../api/atomic-file.ts';
import type { Environment } from '../../git.ts';
import { PROFILES, permissionLines } from './permissions.ts';
import { quoted } from './toml.ts';

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

/** Below the home: what was said in each thread. */
export const SESSIONS = 'sessions';
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
  const authFile = await findLogin(environment);
  if (authFile) return { kind: 'login', authFile };
  return environment[KEY_VARIABLE] ? { kind: 'key', variable: KEY_VARIABLE } : undefined;
}

/** By its real path: under any other name it could still be read there. */
export async function findLogin(environment: Environment): Promise<string | undefined> {
  const home = environment['CODEX_HOME'] || join(environment['HOME'] ?? homedir(), '.codex');
  const authFile = await realpath(join(home, 'auth.json')).catch(() => undefined);
  return authFile && (await stat(authFile)).isFile() ? authFile : undefined;
}

/** Writes the home anew, but for the threads that are kept in it. */
export async function prepareHome({ directory, provider, model }: CodexHome): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const real = await realpath(directory);
  const databases = join(real, 'databases');
  // What a command must not read: the login, and what other runs of this worker said.
  const denied = [join(real, SESSIONS), databases];
  // Codex would cover what is not there with an empty file, and find that instead of its directory.
  for (const path of denied) await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  if (provider.kind === 'login') denied.push(provider.authFile);
  const text = [...settingLines(provider, model, databases), ...permissionLines(denied)];
  await keepText(join(directory, 'config.toml'), `${text.join('\n')}\n`);
  await pointTo(join(directory, 'auth.json'), provider.kind === 'login' ? provider.authFile : '');
}

/** Nearly always it says already what it should, and a write to disk would hold up the turn. */
async function keepText(path: string, text: string): Promise<void> {
  if ((await readTextIfPresent(path)) !== text) await writeFileAtomic(path, text);
}

/** A link and no copy: Codex refreshes a login in place, and a copy would log the person out. */
async function pointTo(link: string, target: string): Promise<void> {
  const current = await readlink(link).catch(() => '');
  if (current === target && target !== '') return;
  await rm(link, { force: true });
  if (target !== '') await symlink(target, link);
}

function settingLines(provider: ModelProvider, model: string | undefined, databases: string) {
  return [
    ...(model ? [`model = ${quoted(model)}`] : []),
    ...(provider.kind === 'login' ? [] : [`model_provider = ${quoted(PROVIDER_NAME)}`]),
    `sqlite_home = ${quoted(databases)}`,
    // Where a configuration has profiles and names none, Codex ignores the whole of it.
    `default_permissions = ${quoted(PROFILES.workspace_write)}`,
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
