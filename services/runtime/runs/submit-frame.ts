import { findFrame, insertFrame } from '#db/runtime/frames.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import { hashCanonical } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { heldRun, runIdOf, runNotFound } from './run-access.ts';

/** Hands a frame to a run once: the same frame again is the same event, another under its id is a conflict. */
export function submitFrame(deps: RuntimeDeps): RuntimeHandler<'runtime.run.frame.submit'> {
  const { sql, journal } = deps;

  return async function submitFrame({ body, params, caller, command }) {
    const runId = runIdOf(params);
    await heldRun(sql, requirePerson(caller), runId);
    const { frame_id, type: frame_type, payload = {} } = body;
    const payload_sha256 = hashCanonical(payload, { floats: true });
    return transaction(sql, async (tx) => {
      const run = await lockRun(tx, runId);
      if (!run) throw runNotFound();
      const known = await findFrame(tx, runId, frame_id);
      if (known) {
        if (known.frame_type !== frame_type || known.payload_sha256 !== payload_sha256) {
          throw new ProblemError('idempotency_conflict', 'This frame id has another frame.');
        }
        return { status: 200, data: accepted(true, known.seq), positions: [] };
      }
      const step = await journal.appendIn(tx, {
        run_id: runId,
        origin: 'platform',
        events: [
          {
            event_type: 'run.frame_consumed',
            idempotency_key: `frame:${frame_id}`,
            payload: { frame_id, frame_type, payload },
          },
        ],
      });
      await insertFrame(tx, {
        run_id: runId,
        frame_id,
        frame_type,
        payload_sha256,
        seq: step.head_seq,
      });
      return command.complete(tx, {
        status: 202,
        data: accepted(false, step.head_seq),
        positions: step.positions.map(({ topic, seq }) => ({ topic, seq: String(seq) })),
      });
    });

    function accepted(idempotent_replay: boolean, seq: bigint) {
      return { run_id: runId, frame_id, status: 'accepted', idempotent_replay, seq: String(seq) };
    }
  };
}
