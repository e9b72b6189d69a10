export interface Finding {
  check: string;
  state: 'ok' | 'degraded' | 'broken';
  detail: string;
  /** The one thing to do about it. */
  mend?: string;
}
