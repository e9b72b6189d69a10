import type { Sql } from '#db/connect.ts';
import type { Violation } from './violation.ts';

/** Workers' logs, and the one terminal receipt that each request has in them. */
export async function checkWorkers(sql: Sql): Promise<Violation[]> {
  const gaps = await sql<{ worker_id: string; detail: string }[]>`
    select w.worker_id, format('head %s, numbers %s to %s, %s events, %s of them distinct',
      w.latest_seq, e.first, e.last, e.events, e.numbers) as detail
    from runtime.workers w
    cross join lateral (
      select min(seq) as first, max(seq) as last, count(*) as events, count(distinct seq) as numbers
      from runtime.worker_events e where e.worker_id = w.worker_id
    ) e
    where w.latest_seq <> e.events or e.events <> e.numbers
      or (e.events > 0 and (e.first <> 1 or e.last <> e.events))`;
  const requests = await sql<{ request_id: string; state: string; detail: string }[]>`
    with said as (
      select worker_id, event_type, convert_from(payload, 'UTF8')::json ->> 'request_id' as request_id
      from runtime.worker_events
      where event_type in ('worker.request', 'worker.response', 'worker.error')
    ), counted as (
      select worker_id, request_id,
        count(*) filter (where event_type = 'worker.request') as asked,
        count(*) filter (where event_type <> 'worker.request') as answered
      from said group by 1, 2
    )
    select coalesce(q.request_id, c.request_id, '') as request_id, coalesce(q.state, 'absent') as state,
      format('is %s, asked %s times, answered %s times', coalesce(q.state, 'absent'), c.asked, c.answered) as detail
    from runtime.worker_requests q
    full join counted c on c.worker_id = q.worker_id and c.request_id = q.request_id
    where q.state is null or q.state = 'pending' or c.asked is distinct from 1 or c.answered is distinct from 1`;
  return [
    ...gaps.map(({ worker_id, detail }) => ({
      rule: 'worker_log_gap' as const,
      subject: worker_id,
      detail,
    })),
    ...requests.map(({ request_id, state, detail }) => ({
      rule: state === 'pending' ? ('waiting' as const) : ('request' as const),
      subject: request_id,
      detail,
    })),
  ];
}
