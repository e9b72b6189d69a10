import { migrate } from '#db/migrate.ts';
import type { Plane } from '#db/planes.ts';

/**
 * `npm run migrate`: brings both planes up to this build. The URLs log in as somebody who may create roles, or as a
 * member of the owner roles: CONTROL_DATABASE_URL and RUNTIME_DATABASE_URL, or DATABASE_URL for both.
 */
const URL_VARIABLE: Record<Plane, string> = {
  control: 'CONTROL_DATABASE_URL',
  runtime: 'RUNTIME_DATABASE_URL',
};

const passwords = JSON.parse(process.env['OA_ROLE_PASSWORDS'] || '{}');
for (const plane of ['control', 'runtime'] as const) {
  const url = process.env['DATABASE_URL'] || process.env[URL_VARIABLE[plane]];
  if (!url) {
    process.stderr.write(`set DATABASE_URL, or ${URL_VARIABLE[plane]} for this plane alone\n`);
    process.exit(2);
  }
  const { from, to, applied } = await migrate(plane, url, { passwords });
  const change = applied.length > 0 ? `${from} → ${to}: ${applied.join(', ')}` : `at ${to}`;
  process.stdout.write(`${plane}: ${change}\n`);
}
