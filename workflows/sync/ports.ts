/** What keeping the journal needs done; every step is bounded and can be repeated. */

export interface RetentionRule {
  topic_class: string;
  retention_ms: number;
}

/** A walk over the topics of a class, in the order of their ids; "0" begins it. */
export interface TopicWalk {
  topic_class: string;
  after_topic_id: string;
}

export type RetainTopicsInput = TopicWalk & RetentionRule;

export interface RetainedTopics {
  /** Where the walk goes on; null: it is through. */
  next_topic_id: string | null;
  /** Topics with rows older than their class keeps them. */
  due: number;
  floors_moved: number;
  /** Of `due`: those whose floor waits, because no snapshot reaches it. */
  held: number;
}

export interface DroppedPartitions {
  dropped: number;
  rows: number;
  /** A topic still keeps a row of it. */
  held: number;
  /** Somebody was using it; the next pass tries again. */
  busy: number;
}

export interface SweptJournal {
  rows: number;
  snapshots: number;
  revocations: number;
  /** The bound was reached: there may be more. */
  more: boolean;
}

export interface TakenSnapshots {
  next_topic_id: string | null;
  taken: number;
  bytes: number;
}

export interface SyncActivities {
  /** Moves the floors of one part of a class, after it took the snapshots that let them. */
  retainTopics(input: RetainTopicsInput): Promise<RetainedTopics>;
  /** Drops the days that are past for a class and hold nothing that is still retained. */
  dropPartitions(input: RetentionRule): Promise<DroppedPartitions>;
  /** Deletes one batch of what is unreachable and has no day of its own to go with. */
  sweepJournal(): Promise<SweptJournal>;
  /** Takes the snapshots of topics that moved since their last. */
  takeSnapshots(input: TopicWalk): Promise<TakenSnapshots>;
}
