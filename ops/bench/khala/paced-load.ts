import { setTimeout as delay } from 'node:timers/promises';

/** Starts each at its time, whatever the earlier ones take; resolves when all have ended. */
export async function paced(
  count: number,
  perSecond: number,
  start: (number: number) => Promise<void>,
): Promise<void> {
  const beganAtMs = performance.now();
  const underway: Promise<void>[] = [];
  while (underway.length < count) {
    const due = ((performance.now() - beganAtMs) / 1_000) * perSecond;
    while (underway.length < Math.min(count, due)) underway.push(start(underway.length));
    await delay(1);
  }
  await Promise.all(underway);
}
