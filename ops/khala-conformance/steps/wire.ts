/** Frames as bytes, right or wrong. */

import { encodeFrame } from '../peer/protobuf.ts';
import { OPCODE, type OutgoingFrame } from '../peer/raw-web-socket.ts';
import type { Step } from '../scene.ts';

/** One binary message of those bytes. */
export function bytes(what: string, payload: Uint8Array): Step {
  return frame(what, { opcode: OPCODE.binary, payload });
}

export function text(what: string, payload: string | Uint8Array): Step {
  return frame(what, { opcode: OPCODE.text, payload });
}

export function frame(what: string, ...frames: OutgoingFrame[]): Step {
  return {
    says: `→ ${what}`,
    async play({ peer }) {
      for (const each of frames) peer.socket.send(each);
    },
  };
}

/** Bytes that are no whole WebSocket frame. */
export function tcp(what: string, ...parts: Uint8Array[]): Step {
  return {
    says: `→ ${what}`,
    async play({ peer }) {
      for (const part of parts) peer.socket.write(part);
    },
  };
}

export function pong(payload: string): Step {
  return {
    says: `← pong ${payload}`,
    async play(scene) {
      const { peer } = scene;
      await scene.until('the pong', () => peer.pongs.some((each) => each.toString() === payload));
    },
  };
}

export const halfClose: Step = {
  says: 'sends nothing more, for ever',
  async play({ peer }) {
    peer.socket.halfClose();
  },
};

/** A SUBSCRIBE in three fragments, a ping between them. */
export function subscribeInFragments(alias: string): Step {
  return {
    says: `→ SUBSCRIBE ${alias} in three fragments, a ping between them`,
    async play(scene) {
      const { socket } = scene.peer;
      const whole = encodeFrame('subscribe', { topics: [scene.topic(alias)], request_id: 'r-f' });
      const { binary, continuation, ping } = OPCODE;
      socket.send({ opcode: binary, payload: whole.subarray(0, 5), more: true });
      socket.send({ opcode: ping, payload: 'between' });
      socket.send({ opcode: continuation, payload: whole.subarray(5, 9), more: true });
      socket.send({ opcode: continuation, payload: whole.subarray(9) });
    },
  };
}

/** What that step sends, one byte per write. */
export function inPieces(step: Step): Step {
  return {
    says: `${step.says}, byte by byte`,
    async play(scene) {
      scene.peer.socket.bytesPerWrite = 1;
      await step.play(scene);
      scene.peer.socket.bytesPerWrite = Number.POSITIVE_INFINITY;
    },
  };
}

export function times(count: number, step: Step): Step {
  return {
    says: `${count} times: ${step.says}`,
    async play(scene) {
      for (let turn = 0; turn < count; turn += 1) await step.play(scene);
    },
  };
}
