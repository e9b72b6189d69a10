/**
 * `npm run new-lineage [-- TOPIC …]`: after a restore from a backup, every topic (or those named) begins a new lineage, so
 * that no client goes on from a position that now names other events. RUNTIME_DATABASE_URL logs in as `oa_runtime`.
 */
import { connect } from '#db/connect.ts';
import { beginLineage } from '#db/runtime/lineage.ts';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { assertSchemaVersion } from '#db/schema-version.ts';

const url = process.env['RUNTIME_DATABASE_URL'];
if (!url) {
  process.stderr.write('set RUNTIME_DATABASE_URL\n');
  process.exit(2);
}
const topics = process.argv.length > 2 ? process.argv.slice(2) : undefined;
const sql = connect({ url, applicationName: 'oa-new-lineage', max: 1 });
try {
  await assertSchemaVersion(sql, 'runtime');
  const begun = await beginLineage(sql, topics, Date.now());
  process.stdout.write(`${begun} topics began a new lineage\n`);
  if (topics && begun < topics.length) process.exitCode = 1;
  for (const { topic, kind } of await findJournalDrift(sql, topics ? { topics } : {})) {
    process.stderr.write(`${topic}: ${kind}\n`);
    process.exitCode = 1;
  }
} finally {
  await sql.end();
}
