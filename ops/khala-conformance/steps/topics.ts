import type { Revoked, TopicClass } from '../authority.ts';
import type { ErrorCode, StaleReason } from '../peer/contract.ts';
import type { Values } from '../peer/protobuf.ts';
import { plain, type Scene, type Step } from '../scene.ts';

const PAYLOAD_BYTES = 32;

export interface TopicOptions {
  events?: number;
  bytes?: number;
  class?: TopicClass;
  ofSomeoneElse?: boolean;
}

/** A new topic of the case, with events in it. */
export function topic(alias: string, options: TopicOptions = {}): Step {
  const { events = 0, bytes = PAYLOAD_BYTES, class: topicClass = 'run_events' } = options;
  const whose = options.ofSomeoneElse ? ' of someone else' : '';
  return {
    says: `topic ${alias}${whose} with ${events} events${bytes > PAYLOAD_BYTES ? ` of ${bytes} bytes` : ''}`,
    async play(scene) {
      const owner = options.ofSomeoneElse ? await scene.authority.newDevice() : undefined;
      const name = await scene.newTopic(alias, topicClass, owner);
      if (events > 0) await scene.authority.publish(name, events, bytes);
    },
  };
}

/** A new topic of someone else in the case's organisation. */
export function topicOfOrganisation(alias: string): Step {
  return {
    says: `topic ${alias} of the organisation`,
    async play(scene) {
      await scene.newTopicOfOrganisation(alias);
    },
  };
}

export function publish(alias: string, events: number, bytes = PAYLOAD_BYTES): Step {
  return {
    says: `${events} more events in ${alias}`,
    async play(scene) {
      await scene.authority.publish(scene.topic(alias), events, bytes);
    },
  };
}

/** Where to resume: a seq of the topic's lineage, or a cursor as it is. */
export type After = number | { epoch: string; seq: number };

export function subscribe(
  aliases: string | readonly string[],
  after?: Record<string, After>,
): Step {
  const list = [aliases].flat();
  return {
    says: `→ SUBSCRIBE ${shownTopics(list)}${after ? ` after ${plain(after)}` : ''}`,
    async play(scene) {
      scene.peer.send('subscribe', {
        topics: list.map((alias) => scene.topic(alias)),
        resume_after: Object.entries(after ?? {}).map(([alias, at]) => cursorOf(scene, alias, at)),
        request_id: `r-${list[0]?.slice(0, 8)}`,
      });
    },
  };
}

function shownTopics(list: readonly string[]): string {
  return list.length > 4 ? `${list.length} topics` : list.map((each) => each || '""').join(', ');
}

function cursorOf(scene: Scene, alias: string, at: After): Values {
  const { epoch, seq } = typeof at === 'number' ? { epoch: scene.epoch(alias), seq: at } : at;
  return { topic: scene.topic(alias), epoch, seq: BigInt(seq) };
}

export function unsubscribe(...aliases: string[]): Step {
  return {
    says: `→ UNSUBSCRIBE ${shownTopics(aliases)}`,
    async play(scene) {
      scene.peer.send('unsubscribe', { topics: aliases.map((alias) => scene.topic(alias)) });
    },
  };
}

export function subscribed(alias: string, from: number, head: number): Step {
  return {
    says: `← SUBSCRIBED ${alias} from ${from}, head ${head}`,
    async play(scene) {
      const { epoch } = await scene.expect('subscribed', alias, {
        from_seq: BigInt(from),
        head_seq: BigInt(head),
        request_id: /^r-/,
      });
      if (!/^[0-9a-f-]{36}$/.test(String(epoch))) throw new Error(`an epoch like ${epoch}`);
    },
  };
}

/** Exactly these seqs, in one frame or in several. */
export function updates(alias: string, first: number, last: number): Step {
  return {
    says: first === last ? `← UPDATE ${alias} ${first}` : `← UPDATEs ${alias} ${first} to ${last}`,
    async play(scene) {
      const wanted = BigInt(last);
      for (let expected = BigInt(first); expected <= wanted; ) {
        const frame = await scene.within('an update', scene.peer.next(scene.topic(alias)));
        if (frame.kind !== 'update' && frame.kind !== 'update_batch') {
          throw new Error(`came ${frame.kind} ${plain(frame.payload)}`);
        }
        const rows =
          frame.kind === 'update' ? [frame.payload] : (frame.payload['updates'] as Values[]);
        for (const { seq } of rows) {
          if (seq !== expected) throw new Error(`came ${seq}, expected ${expected}`);
          expected += 1n;
        }
        if (expected - 1n > wanted) throw new Error(`came ${expected - 1n}, beyond ${last}`);
      }
    },
  };
}

export function caughtUp(alias: string, seq: number): Step {
  return {
    says: `← CAUGHT_UP ${alias} ${seq}`,
    async play(scene) {
      await scene.expect('caught_up', alias, { seq: BigInt(seq) });
    },
  };
}

/** Subscribed from the beginning, replayed, live. */
export function follows(alias: string, head: number): Step[] {
  return [
    subscribe(alias),
    subscribed(alias, 1, head),
    ...(head > 0 ? [updates(alias, 1, head)] : []),
    caughtUp(alias, head),
  ];
}

export function snapshotRequired(alias: string, reason: StaleReason, fields: Values = {}): Step {
  return {
    says: `← SNAPSHOT_REQUIRED ${alias} ${reason}${Object.keys(fields).length ? ` ${plain(fields)}` : ''}`,
    async play(scene) {
      // A reader may have been given some events before retention overtook it; the suite only asks for the end.
      await scene.expect('snapshot_required', alias, { code: 'stale_cursor', reason, ...fields });
    },
  };
}

/** An ERROR of that topic alone. */
export function topicError(alias: string, code: ErrorCode, message?: RegExp): Step {
  return {
    says: `← ERROR ${code} of ${alias || '""'}${message ? ` ${message}` : ''}`,
    async play(scene) {
      await scene.expect('error', alias, { code, ...(message ? { message } : {}) });
    },
  };
}

export function restore(alias: string): Step {
  return {
    says: `${alias} gets a new lineage`,
    play: (scene) => scene.authority.restore(scene.topic(alias)),
  };
}

export function expire(alias: string, floor: number): Step {
  return {
    says: `${alias} is retained from ${floor + 1} on`,
    play: (scene) => scene.authority.expire(scene.topic(alias), BigInt(floor)),
  };
}

export function giveAway(alias: string): Step {
  return {
    says: `${alias} changes hands`,
    play: (scene) => scene.authority.giveAway(scene.topic(alias)),
  };
}

/** The token of the last HELLO, or what stands behind it, is over. */
export function revoke(what: Revoked): Step {
  return {
    says: `the ${what} is revoked`,
    async play(scene) {
      await scene.authority.revoke(what, await scene.device, scene.token);
    },
  };
}
