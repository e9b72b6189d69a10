import { redactText } from '#proto/redact.ts';

export interface ProgressText {
  stream: 'stdout' | 'stderr';
  text: string;
}

export interface OutputDeps {
  /** Called at most `flushes per second × streams`; the text is redacted, valid Unicode and bounded. */
  onProgress(progress: ProgressText): void;
  /** Everything, redacted, for the output artifact. */
  onText(text: string): void;
  now(): number;
}

/** Five a second and stream: a person reads it as live, and a run with chatty output stays far under its rate. */
export const FLUSH_INTERVAL_MS = 200;
/** One event: a screenful or two. */
export const PROGRESS_CHARACTERS_MAX = 8_192;
/** All progress events of one turn together: what a person may want to scroll. The rest lies in the output artifact. */
export const PROGRESS_TOTAL_CHARACTERS_MAX = 512 * 1024;
/** A line longer than this is passed on in parts; a secret cut by such a part can escape redaction, a log cannot hang. */
const LINE_CHARACTERS_MAX = 16_384;
/** A prompt without a line end is shown after this time. */
const PARTIAL_LINE_MS = 1_000;

/**
 * Turns the bytes of an agent's streams into progress texts.
 *
 * Bytes that are no UTF-8 become U+FFFD, also where a character is split between two chunks. Text is held until its
 * line ends, so that a secret is redacted as a whole, and gathered per stream, so that a flood becomes few events: of
 * what gathers between two flushes the end is shown.
 */
export class OutputCoalescer {
  readonly #deps: OutputDeps;
  readonly #streams: Record<ProgressText['stream'], StreamState>;
  #shownCharacters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: OutputDeps) {
    this.#deps = deps;
    this.#streams = { stdout: newStream(), stderr: newStream() };
    this.#timer = setInterval(() => this.#flush(false), FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }

  push(stream: ProgressText['stream'], chunk: Uint8Array): void {
    const state = this.#streams[stream];
    this.#take(state, state.decoder.decode(chunk, { stream: true }), false);
  }

  /** The streams have ended: whatever is held goes out. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const state of Object.values(this.#streams))
      this.#take(state, state.decoder.decode(), true);
    this.#flush(true);
  }

  #take(state: StreamState, text: string, last: boolean): void {
    if (state.partial === '') state.partialSince = this.#deps.now();
    let held = state.partial + text;
    const lineEnd = held.lastIndexOf('\n') + 1;
    const cut = last || held.length - lineEnd > LINE_CHARACTERS_MAX ? held.length : lineEnd;
    if (cut > 0) this.#release(state, held.slice(0, cut));
    held = held.slice(cut);
    if (cut > 0) state.partialSince = this.#deps.now();
    state.partial = held;
  }

  #release(state: StreamState, text: string): void {
    const redacted = redactText(text);
    this.#deps.onText(redacted);
    state.pending += redacted;
    if (state.pending.length > PROGRESS_CHARACTERS_MAX) {
      const dropped = state.pending.length - PROGRESS_CHARACTERS_MAX;
      state.skipped += dropped;
      state.pending = dropLoneSurrogate(state.pending.slice(dropped));
    }
  }

  #flush(last: boolean): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const state = this.#streams[stream];
      const waited = this.#deps.now() - state.partialSince;
      if (!last && state.partial !== '' && waited > PARTIAL_LINE_MS) {
        this.#release(state, state.partial);
        state.partial = '';
      }
      if (state.pending === '') continue;
      this.#show(stream, state);
    }
  }

  #show(stream: ProgressText['stream'], state: StreamState): void {
    if (this.#shownCharacters >= PROGRESS_TOTAL_CHARACTERS_MAX) {
      state.pending = '';
      return;
    }
    const notice = state.skipped > 0 ? `[… ${state.skipped} characters not shown]\n` : '';
    this.#shownCharacters += state.pending.length;
    const ending =
      this.#shownCharacters >= PROGRESS_TOTAL_CHARACTERS_MAX
        ? '\n[… further output is in the output artifact only]\n'
        : '';
    this.#deps.onProgress({ stream, text: `${notice}${state.pending}${ending}` });
    state.pending = '';
    state.skipped = 0;
  }
}

interface StreamState {
  decoder: InstanceType<typeof TextDecoder>;
  /** Text after the last line end. */
  partial: string;
  partialSince: number;
  /** Redacted text that waits for the next flush. */
  pending: string;
  skipped: number;
}

function newStream(): StreamState {
  return {
    decoder: new TextDecoder('utf-8'),
    partial: '',
    partialSince: 0,
    pending: '',
    skipped: 0,
  };
}

/** A cut may fall between the halves of a character outside the basic plane. */
function dropLoneSurrogate(text: string): string {
  const first = text.charCodeAt(0);
  return first >= 0xdc00 && first <= 0xdfff ? text.slice(1) : text;
}
