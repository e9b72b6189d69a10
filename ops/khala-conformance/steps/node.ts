/** Which node a case is at, and how it goes. */
import type { ErrorCode } from '../peer/contract.ts';
import type { Values } from '../peer/protobuf.ts';
import { plain, type Step } from '../scene.ts';

export const onOneNode: Step = {
  says: 'all on one node',
  async play(scene) {
    scene.stay();
  },
};

/** The next socket of the case goes to a node that may be shut down. */
export const onSpareNode: Step = {
  says: 'on a node that may be shut down',
  play: (scene) => scene.goToSpareNode(),
};

export const drain: Step = {
  says: 'that node is shut down',
  async play({ spareNode }) {
    // It ends when its last socket is gone, which this case is about to see.
    spareNode.drain().catch(() => undefined);
  },
};

/** The node names a time to go. */
export const reconnect: Step = {
  says: '← RECONNECT',
  async play(scene) {
    await scene.expect('reconnect', '', { after_ms: /^\d+$/ });
  },
};

/** An ERROR of the connection that names the last seq sent of a topic. */
export function errorWithPosition(code: ErrorCode, alias: string): Step {
  return {
    says: `← ERROR ${code} with the position of ${alias}`,
    async play(scene) {
      const { positions } = await scene.expect('error', '', { code });
      const [position, ...others] = positions as Values[];
      const sent = scene.peer.lastSeq(scene.topic(alias));
      if (others.length > 0 || position?.['seq'] !== sent) {
        throw new Error(`positions ${plain(positions)}, but ${sent} was the last to come`);
      }
    },
  };
}
