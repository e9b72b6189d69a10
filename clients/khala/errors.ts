import type { BlockedAction, SnapshotRequired } from './types.ts';

/** The journal cannot continue from this position, and nobody offered another one. */
export class StaleCursorError extends Error {
  override readonly name = 'StaleCursorError';
  readonly required: SnapshotRequired;

  constructor(required: SnapshotRequired) {
    super(`${required.topic} cannot be continued: ${required.reason}`);
    this.required = required;
  }
}

/** The server refused this topic; the others go on. `code` is a `SyncErrorCode` text. */
export class TopicRefusedError extends Error {
  override readonly name = 'TopicRefusedError';
  readonly topic: string;
  readonly code: string;

  constructor(topic: string, code: string, message: string) {
    super(`${topic}: ${message || code}`);
    this.topic = topic;
    this.code = code;
  }
}

/** Thrown by `getSyncToken` where no retry can help: the client blocks until `retryNow`. */
export class SyncTokenRefused extends Error {
  override readonly name = 'SyncTokenRefused';
  readonly action: BlockedAction;

  constructor(action: BlockedAction, message: string, options?: ErrorOptions) {
    super(message, options);
    this.action = action;
  }
}

/** `subscribe` for a topic that this client already follows, or on a closed client. */
export class SubscriptionConflictError extends Error {
  override readonly name = 'SubscriptionConflictError';
}

/** What was served as a snapshot is not what its digest, its topic or its format says. */
export class SnapshotUnreadableError extends Error {
  override readonly name = 'SnapshotUnreadableError';

  constructor(topic: string, why: string) {
    super(`the snapshot of ${topic} cannot be used: ${why}`);
  }
}

/** The node named snapshots, and none of them led to a position that it could continue. */
export class BootstrapFailedError extends Error {
  override readonly name = 'BootstrapFailedError';

  constructor(topic: string) {
    super(`${topic} cannot be begun: its snapshots are always behind`);
  }
}
