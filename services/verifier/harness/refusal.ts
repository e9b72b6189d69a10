/**
 * What was handed in cannot be judged, and no retry changes that: the verdict is `rejected`, with this as its reason.
 * Anything else that goes wrong is an error of ours and is tried again.
 */
export class HarnessRefusal extends Error {
  override readonly name = 'HarnessRefusal';
  /** What the next turn is told, beside the reason. */
  readonly detail: string;

  constructor(reason: string, detail = '') {
    super(reason);
    this.detail = detail;
  }
}
