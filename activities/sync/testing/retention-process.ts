/** One pass over the lists of runs in a process of its own, which dies at a transaction's commit: `commit 2`, `committed 1`. */
import { connect } from '#db/connect.ts';
import { reachFaultPoints } from '#db/transaction.ts';
import { createRetainTopics } from '../retain-topics.ts';

const url = process.env['RUNTIME_DATABASE_URL'];
if (!url) throw new Error('set RUNTIME_DATABASE_URL');
const [, , dieAt] = process.argv;
const sql = connect({ url, applicationName: 'oa-test-retention', max: 1 });
const reached = new Map<string, number>();
reachFaultPoints(sql, {
  reach(point) {
    const times = (reached.get(point) ?? 0) + 1;
    reached.set(point, times);
    if (`${point} ${times}` === dieAt) process.kill(process.pid, 'SIGKILL');
  },
});
await createRetainTopics({ sql, now: Date.now })({
  topic_class: 'run_summaries',
  retention_ms: 7 * 86_400_000,
  after_topic_id: '0',
});
await sql.end();
