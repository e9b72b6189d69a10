import { defineConfig } from 'vitest/config';

/** A project is what its tests need; the suffix of the file names it (architecture 8). */
function project(name: string, pattern: string, more: object = {}) {
  return {
    test: {
      name,
      include: [pattern],
      exclude: ['**/node_modules/**', '.data/**', '.cache/**'],
      testTimeout: 30_000,
      hookTimeout: 120_000,
      // Real processes on two shared cores: what fails once and then holds was the machine, what fails twice is ours.
      retry: 1,
      ...more,
    },
  };
}

const NEEDS_A_SERVER = ['pg', 'temporal', 'e2e', 'browser', 'long'];

/** `npm run verify:long` plays what a merge does not wait for. */
const isLong = process.env['OA_LONG'] === '1';

export default defineConfig({
  test: {
    // Two cores carry Postgres and Temporal beside the tests.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          // A property test that takes 100 ms alone takes seconds beside seven other processes.
          testTimeout: 30_000,
          include: ['**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            '.data/**',
            '.cache/**',
            ...NEEDS_A_SERVER.map((suffix) => `**/*.${suffix}.test.ts`),
          ],
        },
      },
      project('pg', '**/*.pg.test.ts', { globalSetup: ['ops/testing/postgres.ts'] }),
      project('temporal', '**/*.temporal.test.ts', {
        globalSetup: ['ops/testing/postgres.ts', 'ops/testing/temporal.ts'],
        testTimeout: 60_000,
      }),
      project('e2e', '**/*.e2e.test.ts', { testTimeout: 180_000, fileParallelism: false }),
      project('browser', '**/*.browser.test.ts', {
        globalSetup: ['ops/testing/postgres.ts'],
        testTimeout: 60_000,
      }),
      ...(isLong
        ? [
            project('long', '**/*.long.test.ts', {
              globalSetup: ['ops/testing/postgres.ts'],
              testTimeout: 420_000,
              fileParallelism: false,
            }),
          ]
        : []),
    ],
  },
});
