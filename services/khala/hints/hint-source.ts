/** A topic may have moved to this head. */
export interface Hint {
  topic_id: bigint;
  head_seq: bigint;
}

export interface HintListener {
  onHints(hints: readonly Hint[]): void;
  /** Messages may have been missed; also at the first connection. */
  onReset(): void;
}

/**
 * Says early that topics may have moved. Nothing depends on it: a hint may be lost, repeated, late or false, and the
 * safety poll finds what it did not tell. A driver implements this and passes the same tests as the others.
 */
export interface HintSource {
  /** Resolves once the source listens, or could not at the first try; it goes on trying until `stop`. */
  start(listener: HintListener): Promise<void>;
  stop(): Promise<void>;
}
