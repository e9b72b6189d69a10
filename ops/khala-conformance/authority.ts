import type { CryptoKey, JWTPayload } from 'jose';

/** Whose tokens are minted: a user on a device with a key. */
export interface Device {
  userId: string;
  orgId: string;
  deviceId: string;
  sessionId: string;
  key: { publicKey: CryptoKey; privateKey: CryptoKey };
}

/** Classes that the suite publishes to: without a snapshot, with one, and with a small replay budget. */
export type TopicClass = 'run_events' | 'codex_worker_summaries' | 'notifications';

/** Whose sockets end. `membership`: of the user in the organisation of the device. */
export type Revoked = 'token' | 'session' | 'device' | 'user' | 'membership';

/** What is unusual about a token. */
export interface TokenChanges {
  lifeS?: number;
  /** Issued so long ago that it ends then. */
  expiresInS?: number;
  /** From the future. */
  issuedInS?: number;
  audience?: string;
  issuer?: string;
  type?: string;
  /** Without `cnf`: no key is bound to it. */
  unbound?: boolean;
  /** By a key that control never published. */
  signedByStranger?: boolean;
  claims?: JWTPayload;
}

export interface SpareNode {
  url: string;
  /** Shuts it down as a deployment does; ends with it. */
  drain(): Promise<void>;
}

/**
 * What a black box needs from behind it: tokens that the node accepts, and rows in its journal. The wire alone is
 * judged; this only prepares.
 */
export interface Authority {
  newDevice(): Promise<Device>;
  mint(device: Device, topics: readonly string[], changes?: TokenChanges): Promise<string>;
  /** A topic of that user, with nothing in it yet. */
  newTopic(owner: Device, topicClass: TopicClass): Promise<string>;
  /** A topic of someone else in that device's organisation. */
  newTopicOfOrganisation(member: Device): Promise<string>;
  /** Appends; the new head. */
  publish(topic: string, events: number, bytes: number): Promise<bigint>;
  /** As the scheduled workflow does. */
  takeSnapshot(topic: string): Promise<void>;
  /** A new lineage, as after a restore. */
  restore(topic: string): Promise<void>;
  /** Everything up to `floorSeq` is no longer retained. */
  expire(topic: string, floorSeq: bigint): Promise<void>;
  /** The topic's owner changes. */
  giveAway(topic: string): Promise<void>;
  /** Control's word, with that token or its device in hand. */
  revoke(what: Revoked, device: Device, token: string): Promise<void>;
  /** A node of the same journal that the suite may shut down. */
  spareNode?(): Promise<SpareNode>;
  close(): Promise<void>;
}
