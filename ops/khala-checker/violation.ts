/**
 * What a record of deliveries can show to be wrong.
 *
 * `lost`: an event between two applied ones, or up to the head, never came, or the journal forgot what it acknowledged.
 * `doubled`: an event was applied twice in one life of a client, or again after a life that ended in order.
 * `reordered`: an event was applied after a later one. `foreign`: of a topic that was not granted, or not what the
 * journal has at that position. `early`: seen before it was durable. `hidden_gap`: a success, CAUGHT_UP or at the head,
 * was told while something up to there was missing. `refused`: a reader was turned away from what the journal has.
 */
export const FAULT_CLASSES = [
  'lost',
  'doubled',
  'reordered',
  'foreign',
  'early',
  'hidden_gap',
  'refused',
] as const;

export type FaultClass = (typeof FAULT_CLASSES)[number];

export interface Violation {
  fault: FaultClass;
  reader: string;
  life: number;
  topic: string;
  seq: bigint;
  detail: string;
}

export function countByClass(violations: readonly Violation[]): Record<FaultClass, number> {
  const counts = Object.fromEntries(FAULT_CLASSES.map((fault) => [fault, 0]));
  for (const { fault } of violations) counts[fault] = (counts[fault] ?? 0) + 1;
  // Begun with every class of the list.
  return counts as Record<FaultClass, number>;
}
