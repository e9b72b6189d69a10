/** What becomes of the line between a client and its node. */
import { setTimeout as delay } from 'node:timers/promises';
import { plain, type Step } from '../scene.ts';

/** A node looks twice within that time, and the machine may be busy. */
const STALLED_MARGIN = 2;

/** For that long nothing but heartbeats comes, and the socket stays. */
export function quiet(ms: number, alias = ''): Step {
  return {
    says: `${ms} ms: nothing${alias && ` of ${alias}`}`,
    async play(scene) {
      const { peer } = scene;
      await delay(ms);
      if (peer.close) throw new Error(`closed ${peer.close.code} ${peer.close.reason}`);
      const came = peer.leftOver(scene.topic(alias));
      if (came.length > 0) throw new Error(`came ${came[0]?.kind} ${plain(came[0]?.payload)}`);
    },
  };
}

export function wait(ms: number): Step {
  return {
    says: `${ms} ms pass`,
    async play() {
      await delay(ms);
    },
  };
}

export const hangUp: Step = {
  says: 'the line is cut',
  async play({ peer }) {
    peer.end();
  },
};

export const hush: Step = {
  says: 'no heartbeat any more',
  async play({ peer }) {
    peer.hush();
  },
};

export const stopReading: Step = {
  says: 'takes no byte any more',
  async play({ peer }) {
    peer.socket.pause();
  },
};

export const readAgain: Step = {
  says: 'reads again',
  async play({ peer }) {
    peer.socket.resume();
  },
};

export function heartbeats(count: number): Step {
  return {
    says: `← ${count} HEARTBEATs`,
    async play(scene) {
      const { peer } = scene;
      const enough = peer.heartbeats + count;
      await scene.until('heartbeats', () => peer.heartbeats >= enough);
    },
  };
}

/** Longer than a node waits for a socket that takes no byte. */
export const untilStalled: Step = {
  says: 'longer than a stalled socket may',
  play: ({ stalledAfterMs }) => delay(stalledAfterMs * STALLED_MARGIN),
};
