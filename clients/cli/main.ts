import { runCli } from './run-cli.ts';

// A reader that went away (`oa runs ls | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await runCli(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  in: process.stdin,
  environment: process.env,
  cwd: process.cwd(),
});
// Written out before the process ends, also into a slow pipe.
process.stdout.write('', () => process.exit(exitCode));
