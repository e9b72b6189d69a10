export interface HubListener {
  onPayload(payload: string): void;
  /** From here on payloads arrive; those before may have been missed. */
  onOpen(): void;
}

/** Connects publishers and nodes of one process: for tests, benches and simulations. */
export interface HintHub {
  publish(payload: string): void;
  /** Returns how to stop listening. */
  listen(listener: HubListener): () => void;
  /** What is published is lost until `restore`. */
  down(): void;
  restore(): void;
}

export function createHintHub(): HintHub {
  const listeners = new Set<HubListener>();
  let isDown = false;
  return {
    publish(payload) {
      if (!isDown) for (const { onPayload } of listeners) onPayload(payload);
    },
    listen(listener) {
      listeners.add(listener);
      if (!isDown) listener.onOpen();
      return () => listeners.delete(listener);
    },
    down() {
      isDown = true;
    },
    restore() {
      isDown = false;
      for (const { onOpen } of listeners) onOpen();
    },
  };
}
