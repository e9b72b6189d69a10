const EVENT_TYPE_PATTERN = /^[a-z][a-z0-9_]*([./][a-z0-9_]+)*$/;
const EVENT_TYPE_LENGTH_MAX = 160;

/** Families that state facts of the platform: its lifecycle, its verdicts, its money, its decisions. */
const RESERVED_FAMILIES = [
  'run',
  'approval',
  'message',
  'payment',
  'verification',
  'receipt',
  'policy',
];

/** Single types beside families that hosts write: only the platform knows that a turn began, and who interrupts it. */
const RESERVED_TYPES = new Set(['turn.started', 'turn.interrupt_requested']);

export function isEventType(text: string): boolean {
  return text.length <= EVENT_TYPE_LENGTH_MAX && EVENT_TYPE_PATTERN.test(text);
}

/** True for what the public append refuses: a caller must not be able to state what only the platform knows. */
export function isReservedEventType(eventType: string): boolean {
  const family = eventType.split(/[./]/, 1)[0] ?? '';
  return RESERVED_FAMILIES.includes(family) || RESERVED_TYPES.has(eventType);
}
