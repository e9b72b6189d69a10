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
  const command = Object.entries(PROGRAMS)
    .map(([name, ask]) => `echo "${name} $(${ask} 2>/dev/null)"`)
    .join('\n');
  const { output } = await sandbox.run(
    { command, limits: { wallMs: WALL_MS } },
    new AbortController().signal,
  );
  return Buffer.from(output.bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [name = ''] = line.split(' ');
      const version = line.slice(name.length).match(VERSION)?.[0];
      return version ? [`${name} ${version}`] : [];
    })
    .join(', ');
}
