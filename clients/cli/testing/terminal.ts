import { Readable, Writable } from 'node:stream';
import type { Environment } from '../../api/config-home.ts';
import { runCli } from '../run-cli.ts';

class Page extends Writable {
  text = '';
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** One command line, run in this process against a terminal that remembers. */
export async function oa(
  argv: string[],
  more: { cwd?: string; environment?: Environment; stdin?: string } = {},
) {
  const out = new Page();
  const err = new Page();
  const exitCode = await runCli(argv, {
    out,
    err,
    in: Readable.from([more.stdin ?? '']),
    environment: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      OA_CONFIG_HOME: '/nonexistent/oa',
      ...more.environment,
    },
    cwd: more.cwd ?? '/',
  });
  return { exitCode, out: out.text, err: err.text };
}
