import type { WebSocket } from 'ws';

/** Lets a socket take no more bytes in a second than this; its peer sees a reader that is slow. */
export function paceReading(socket: WebSocket, bytesPerS: number): (bytes: number) => void {
  if (bytesPerS === 0) {
    socket.pause();
    return () => undefined;
  }
  let freeAtMs = performance.now();
  return (bytes) => {
    freeAtMs = Math.max(freeAtMs, performance.now()) + (bytes * 1_000) / bytesPerS;
    const waitMs = freeAtMs - performance.now();
    if (waitMs < PAUSE_MS_MIN || socket.isPaused) return;
    socket.pause();
    setTimeout(() => socket.resume(), waitMs).unref();
  };
}

/** Shorter pauses than a timer's own step would only add up. */
const PAUSE_MS_MIN = 4;
