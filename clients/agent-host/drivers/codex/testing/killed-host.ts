/** A host reduced to one turn of Codex with a person's login, to be killed in the middle: `killed-host.ts HOME MASKING`. */
import { join } from 'node:path';
import { openRequestJournal } from '../../../request-journal.ts';
import { runTurn } from '../../../testing/turns.ts';
import { type Masking, stuckTurns } from './stuck-turns.ts';

const [home = '', masking] = process.argv.slice(2);
const turns = await stuckTurns(home, masking as Masking);
const turn = turns.turn();
const journal = await openRequestJournal(join(home, 'requests'));
await journal.accept({
  request_id: turn.requestId,
  run_id: turn.runId,
  thread_id: '',
  method: turn.method,
  turn: turn.turn,
  params: {},
  deadline_at_ms: turn.deadlineAtMs,
});
await journal.started(turn.requestId, null);
await runTurn(turns.deps, turn, undefined, {
  processStarting: (identity) => journal.started(turn.requestId, identity),
});
