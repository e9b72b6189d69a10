/** How the app server of one turn is started: what it may see, and what its sandbox is told. */
import { delimiter, dirname, join } from 'node:path';
import type { ApprovalPolicy, JsonObject } from '#proto/gen/types.ts';
import type { Environment } from '../../git.ts';
import { REQUEST_MARK } from '../../process-group.ts';
import type { Sandbox } from '../../sandbox.ts';
import type { Workspace } from '../../workspace.ts';
import type { TurnRequest } from '../driver.ts';
import type { CodexHome } from './home.ts';
import { BASE_PROFILES, PROFILES } from './permissions.ts';
import type { ApprovalPolicyName } from './protocol.ts';
import type { ThreadSettings } from './thread.ts';

export interface LaunchDeps {
  binary: string;
  home: CodexHome;
  sandbox: Sandbox;
  environment: Environment;
  /** Paths that no agent may read. */
  hidden: readonly string[];
  /** For the temporary files of this turn. Codex refuses a home below the directory that it takes for temporary. */
  temporaryDirectory: string;
}

export interface Launch {
  argv: readonly string[];
  env: Record<string, string>;
  /** Its processes live in a namespace of their own and end with it. */
  namespaced: boolean;
  settings: ThreadSettings;
  /** The permission profile of the turn. */
  permissions: string;
  /** Journaled with the turn's answer. */
  confinement: JsonObject;
}

/** What Codex needs to find its tools and the way to its model. */
const PASSED_VARIABLES = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ'],
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'ALL_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
];

/**
 * `untrusted` is said to each thread: in the configuration file the binary refuses it. Nothing said means what is safe.
 */
const APPROVAL_POLICIES: Readonly<Record<ApprovalPolicy, ApprovalPolicyName>> = {
  '': 'on-request',
  on_request: 'on-request',
  never: 'never',
  untrusted: 'untrusted',
};

export function launchOf(deps: LaunchDeps, request: TurnRequest, workspace: Workspace): Launch {
  const { agent, requestId } = request;
  const { home } = deps;
  const mode = agent.sandbox || 'workspace_write';
  const argv = [
    deps.binary,
    'app-server',
    '-c',
    // Commands keep the mark by which the host finds what outlived its turn.
    `shell_environment_policy.set={${REQUEST_MARK}=${JSON.stringify(requestId)}}`,
  ];
  const auth = home.provider.kind === 'login' ? [home.provider.authFile] : [];
  const masked =
    mode === 'full_access'
      ? undefined
      : deps.sandbox.mask(argv, {
          workTree: workspace.workTree,
          writable: [home.directory, deps.temporaryDirectory, ...auth],
          readable: [
            installationOf(deps.binary),
            workspace.gitDirectory,
            ...workspace.borrowedObjects,
          ],
          hidden: deps.hidden,
        });
  const model = agent.model || home.model;
  return {
    argv: masked ?? argv,
    env: environmentOf(deps, requestId),
    namespaced: masked !== undefined,
    settings: {
      cwd: workspace.workTree,
      approvalPolicy: APPROVAL_POLICIES[agent.approval_policy],
      permissions: BASE_PROFILES[mode],
      ...(model ? { model } : {}),
    },
    // Only a login lies in a file. Denying anything costs each turn some tenths of a second.
    permissions: (home.provider.kind === 'login' ? PROFILES : BASE_PROFILES)[mode],
    confinement: {
      mode,
      tool: mode === 'full_access' ? 'none' : 'codex',
      network: mode === 'full_access',
      credentials_hidden: masked !== undefined,
    },
  };
}

function environmentOf(deps: LaunchDeps, requestId: string) {
  const { home, environment, binary } = deps;
  const env: Record<string, string> = {};
  const variable = home.provider.kind === 'login' ? undefined : home.provider.variable;
  for (const name of [...PASSED_VARIABLES, ...(variable ? [variable] : [])]) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  // Codex brings the programs that its model expects, beside itself.
  const brought = join(dirname(binary), '..', 'codex-path');
  env['PATH'] = [brought, env['PATH'] ?? '/usr/bin:/bin'].join(delimiter);
  return {
    ...env,
    CODEX_HOME: home.directory,
    TMPDIR: deps.temporaryDirectory,
    [REQUEST_MARK]: requestId,
  };
}

/** The directory around the program with what it brings. */
function installationOf(binary: string): string {
  return join(dirname(binary), '..');
}
