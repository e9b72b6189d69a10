import type { Sandbox } from './sandbox.ts';

/** What a receipt names, so that a third party knows with what the verdict was reached. */
const PROGRAMS = {
  git: 'git --version',
  node: 'node --version',
  npm: 'npm --version',
  python: 'python3 --version',
  go: 'go version',
  rust: 'rustc --version',
} as const;

const VERSION = /\d+\.\d+[\w.+-]*/;

const WALL_MS = 20_000;

/** Versions as a harness sees them, `git 2.39.5, node 24.1.0, …`; a missing program is left out. */
export async function describeToolchain(sandbox: Sandbox): Promise<string> {
  const asking = Object.entries(PROGRAMS).map(
    ([name, ask]) => `(echo "${name} $(${ask} 2>/dev/null)") &`,
  );
  const { output } = await sandbox.run(
    { command: `${asking.join('\n')}\nwait`, limits: { wallMs: WALL_MS } },
    new AbortController().signal,
  );
  const answers = Buffer.from(output.bytes).toString('utf8').split('\n');
  return Object.keys(PROGRAMS)
    .flatMap((name) => {
      const answer = answers.find((line) => line.startsWith(`${name} `));
      const version = answer?.slice(name.length).match(VERSION)?.[0];
      return version ? [`${name} ${version}`] : [];
    })
    .join(', ');
}
