import { OutputCoalescer } from '../../output.ts';

/** What an item says or prints, coalesced: a few events a second, redacted, bounded, the whole in the turn's output. */
export interface ItemText {
  push(text: string): void;
  /** Sends what is held. */
  end(): void;
  readonly pushedAny: boolean;
}

export interface ItemTextDeps {
  onDelta(text: string): void;
  onText(text: string): void;
  now(): number;
}

export function createItemText(deps: ItemTextDeps): ItemText {
  const coalescer = new OutputCoalescer({
    now: deps.now,
    onText: deps.onText,
    onProgress: ({ text }) => deps.onDelta(text),
  });
  let pushedAny = false;
  return {
    push(text) {
      pushedAny ||= text !== '';
      coalescer.push('stdout', Buffer.from(text, 'utf8'));
    },
    end: () => coalescer.end(),
    get pushedAny() {
      return pushedAny;
    },
  };
}
