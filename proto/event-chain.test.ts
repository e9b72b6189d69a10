import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue, Sha256 } from './canonical.ts';
import {
  type ChainedEvent,
  hashEvent,
  hashPayload,
  ROOT_HASH,
  verifyChain,
} from './event-chain.ts';

const RUN = 'run_01h455vb4pex5vsknk084sn02q';

function chainOf(payloads: readonly JsonValue[]): ChainedEvent[] {
  let prev_hash = ROOT_HASH;
  return payloads.map((payload, index) => {
    const link = {
      run_id: RUN,
      seq: BigInt(index + 1),
      event_type: 'text.delta',
      payload_hash: hashPayload(payload),
    };
    prev_hash = hashEvent({ ...link, prev_hash });
    return { ...link, event_hash: prev_hash };
  });
}

const payloads = fc.array(
  fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  {
    minLength: 1,
    maxLength: 20,
  },
);

describe('the hash chain of a run', () => {
  it('hashes exactly the canonical link, so that any tool can check it', () => {
    const payload_hash = hashPayload({ delta: 'hi' });
    const text = `{"event_type":"text.delta","payload_hash":"${payload_hash}","prev_hash":"${ROOT_HASH}","run_id":"${RUN}","seq":1}`;
    const link = {
      run_id: RUN,
      seq: 1n,
      event_type: 'text.delta',
      payload_hash,
      prev_hash: ROOT_HASH,
    };
    expect(hashEvent(link)).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  });

  it('holds for what was chained, and for an empty log', () => {
    expect(verifyChain([])).toEqual({ ok: true, head_seq: 0n, head_hash: ROOT_HASH });
    fc.assert(
      fc.property(payloads, (values) => {
        const events = chainOf(values);
        expect(verifyChain(events)).toEqual({
          ok: true,
          head_seq: BigInt(events.length),
          head_hash: events.at(-1)?.event_hash,
        });
      }),
    );
  });

  it('breaks at the first event that was changed, dropped, swapped or taken from another run', () => {
    const events = chainOf([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    const [first, second, third, fourth] = events as [
      ChainedEvent,
      ChainedEvent,
      ChainedEvent,
      ChainedEvent,
    ];
    const at = (chain: ChainedEvent[]) => {
      const check = verifyChain(chain);
      return check.ok ? 'holds' : check.seq;
    };
    expect(at([first, { ...second, payload_hash: hashPayload({ n: 9 }) }, third])).toBe(2n);
    expect(at([first, { ...second, event_type: 'run.finished' }, third])).toBe(2n);
    expect(at([first, third, fourth])).toBe(3n);
    expect(at([first, third, second, fourth])).toBe(3n);
    expect(at([second, third])).toBe(2n);
    expect(at([first, { ...second, run_id: 'run_other' }])).toBe(2n);
  });

  it('breaks at a gap, even where someone has hashed the chain anew around it', () => {
    const [first] = chainOf([{ n: 1 }]) as [ChainedEvent];
    const link = { run_id: RUN, seq: 3n, event_type: 'x', payload_hash: hashPayload({}) };
    const event_hash = hashEvent({ ...link, prev_hash: first.event_hash as Sha256 });
    expect(verifyChain([first, { ...link, event_hash }])).toMatchObject({ ok: false, seq: 3n });
  });

  it('refuses a seq that JSON cannot say', () => {
    const link = { run_id: RUN, event_type: 'x', payload_hash: ROOT_HASH, prev_hash: ROOT_HASH };
    expect(() => hashEvent({ ...link, seq: 0n })).toThrow(RangeError);
    expect(() => hashEvent({ ...link, seq: 2n ** 53n })).toThrow(RangeError);
  });
});
