import type { JSONWebKeySet } from 'jose';
import type { Sql } from '#db/connect.ts';
import { type Receipt, verifyReceipt } from '#proto/receipt.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import type { Violation } from './violation.ts';

const PAGE_RUNS = 200;

interface RunRow {
  run_id: string;
  receipt_id: string | null;
  trajectory_hash: Uint8Array | null;
  verifications: bigint;
  receipts: { schema: string; receipt: Receipt }[];
}

/** Each receipt's hash, id, signature and references, and that there is exactly one of each. */
export async function checkReceipts(sql: Sql, keys: JSONWebKeySet): Promise<Violation[]> {
  const violations: Violation[] = [];
  const pages = sql<RunRow[]>`
    select r.run_id, r.receipt_id, r.trajectory_hash,
      (select count(*) from runtime.run_events e
        where e.run_id = r.run_id and e.event_type = 'verification.finished') as verifications,
      coalesce((select jsonb_agg(jsonb_build_object('schema', c.schema, 'receipt', c.receipt))
        from runtime.receipts c where c.run_id = r.run_id), '[]') as receipts
    from runtime.runs r where r.trajectory_hash is not null`.cursor(PAGE_RUNS);
  for await (const page of pages) {
    for (const run of page) violations.push(...(await checkRun(run, keys)));
  }
  return violations;
}

async function checkRun(run: RunRow, keys: JSONWebKeySet): Promise<Violation[]> {
  const of = (name: string) =>
    run.receipts.flatMap(({ schema, receipt }) => (schema.includes(name) ? [receipt] : []));
  const [ends, verdicts] = [of('.run.receipt.'), of('.verification_receipt.')];
  const violation = (rule: 'receipt' | 'verdict', detail: string): Violation => ({
    rule,
    subject: run.run_id,
    detail,
  });
  const found: Violation[] = [];
  const [end] = ends;
  if (!end || ends.length > 1) {
    found.push(violation('receipt', `it has ${ends.length} receipts of its end`));
  } else {
    const check = await verifyReceipt(end, keys, verdicts);
    if (!check.ok) found.push(violation('receipt', `${check.fault}: ${check.reason}`));
    else if (check.unresolvedRefs.length > 0) {
      found.push(violation('receipt', `it refers to ${check.unresolvedRefs}, which is not there`));
    }
    if (end.receipt_id !== run.receipt_id) {
      found.push(violation('receipt', `the run names ${run.receipt_id}, not ${end.receipt_id}`));
    }
    const trajectory = run.trajectory_hash && sha256FromBytes(run.trajectory_hash);
    if (end.subject.trajectory_hash !== trajectory) {
      found.push(violation('receipt', `it names another trajectory than ${trajectory}`));
    }
  }
  if (BigInt(verdicts.length) !== run.verifications) {
    found.push(
      violation('verdict', `${run.verifications} verifications, ${verdicts.length} receipts`),
    );
  }
  for (const verdict of verdicts) {
    const check = await verifyReceipt(verdict, keys);
    if (!check.ok) found.push(violation('verdict', `${check.fault}: ${check.reason}`));
  }
  return found;
}
