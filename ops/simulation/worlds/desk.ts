/**
 * An agent host and its requests: told twice and in any order, ended by the platform meanwhile, with a host that is killed
 * before and after everything it does.
 *
 * 1. A request is executed at most once, over all lives of the host.
 * 2. It is answered exactly once: whatever is posted for it, and however often, is one and the same receipt.
 * 3. What the platform ended before the host began it is not executed.
 * 4. A host that lives answers everything that is open.
 */
import { createDesk, type Desk } from '#clients/agent-host/desk.ts';
import type { Platform } from '#clients/agent-host/platform.ts';
import { reapEarlierLife } from '#clients/agent-host/reaper.ts';
import {
  type HostRequest,
  openRequestJournal,
  type RequestJournal,
  type TerminalReceipt,
} from '#clients/agent-host/request-journal.ts';
import { ApiError } from '#clients/api/errors.ts';
import type { Random } from '../random.ts';
import { mustEqual, type World } from '../world.ts';
import { scratch } from './scratch.ts';

export interface DeskParts {
  createDesk: typeof createDesk;
  openRequestJournal: typeof openRequestJournal;
  reapEarlierLife: typeof reapEarlierLife;
}

const PARTS: DeskParts = { createDesk, openRequestJournal, reapEarlierLife };

const REQUESTS_MAX = 5;
const STEPS_MAX = 14;
const DEADLINE_MS = 60_000;
const LIVES_MAX = 100;
/** In each the agents that wait are let go. */
const ROUNDS_MAX = 3 * REQUESTS_MAX;
const TURNS_AT_ONCE = 2;
const METHODS = ['turn/start', 'turn/start', 'turn/start', 'turn/interrupt', 'thread/unknown'];

export function deskWorld(parts: DeskParts = PARTS): World {
  return { name: 'desk', share: 1, play: (random) => play(parts, random) };
}

async function play(parts: DeskParts, random: Random): Promise<void> {
  using directory = scratch();
  const office = new Office();
  const begin = (mortality: number) => Life.begin(parts, random, directory.path, office, mortality);
  let life = await begin(CLUMSY);
  for (let step = random.below(STEPS_MAX); step > 0; step -= 1) {
    await life.during(() => act(office, life, random));
    if (!life.alive) life = await begin(CLUMSY);
  }
  await life.kill();
  life = await begin(0);
  for (let round = 0; round < ROUNDS_MAX && office.open.length > 0; round += 1) {
    life.letGo();
    await life.quiet();
  }
  await life.kill();
  mustEqual(office.open, [], 'a host that lives answers everything');
  office.check();
}

async function act(office: Office, { desk }: Life, random: Random): Promise<void> {
  const known = office.requests;
  switch (random.below(5)) {
    case 0:
    case 1:
      if (known.length < REQUESTS_MAX) await desk.accept(office.ask(random));
      break;
    case 2:
      if (known.length > 0) await desk.accept(random.pick(known));
      break;
    case 3:
      if (known.length > 0 && random.chance(0.4)) {
        const { request_id } = random.pick(known);
        office.end(request_id);
        await desk.ended(request_id);
        office.told(request_id);
      }
      break;
    default:
  }
  // Not waited for, as its caller does not.
  void desk.takeUp().catch(() => undefined);
}

/** The platform, as far as a host sees it, and what the agents did. */
class Office {
  readonly requests: HostRequest[] = [];
  readonly #receipts = new Map<string, string>();
  readonly #posted = new Map<string, Set<string>>();
  readonly #executed = new Map<string, number>();
  readonly #endedBefore = new Set<string>();
  readonly #executedTwice: string[] = [];
  readonly #executedLate: string[] = [];

  ask(random: Random): HostRequest {
    const number = this.requests.length + 1;
    const request = {
      request_id: `request ${number}`,
      run_id: `run ${1 + random.below(2)}`,
      thread_id: '',
      method: random.pick(METHODS),
      turn: 1,
      params: { agent: { driver: 'command', command: ['true'] } },
      deadline_at_ms: random.chance(0.9) ? DEADLINE_MS : 1,
    };
    this.requests.push(request);
    return request;
  }

  get open(): string[] {
    const ids = this.requests.map(({ request_id }) => request_id);
    return ids.filter((id) => !this.#receipts.has(id));
  }

  /** At a deadline, or because the run has ended. */
  end(requestId: string): void {
    if (!this.#receipts.has(requestId)) this.#receipts.set(requestId, 'of the platform');
  }

  /** The host has heard of it. */
  told(requestId: string): void {
    if (!this.#executed.has(requestId)) this.#endedBefore.add(requestId);
  }

  execute(requestId: string): string {
    const times = (this.#executed.get(requestId) ?? 0) + 1;
    this.#executed.set(requestId, times);
    // Not thrown here: a desk makes a receipt of whatever a turn throws.
    if (times > 1) this.#executedTwice.push(requestId);
    if (this.#endedBefore.has(requestId)) this.#executedLate.push(requestId);
    return `execution ${times} of ${requestId}`;
  }

  post(requestId: string, receipt: TerminalReceipt): void {
    const text = JSON.stringify(receipt);
    const posted = this.#posted.get(requestId) ?? new Set();
    this.#posted.set(requestId, posted.add(text));
    const known = this.#receipts.get(requestId);
    if (known !== undefined && known !== text) {
      throw new ApiError('Validation', 'the request has ended', { code: 'conflict', status: 409 });
    }
    this.#receipts.set(requestId, text);
  }

  check(): void {
    mustEqual(this.#executedTwice, [], 'a request is executed at most once');
    mustEqual(this.#executedLate, [], 'what has ended is not executed');
    for (const [requestId, posted] of this.#posted) {
      mustEqual([...posted].slice(1), [], `${requestId} has one receipt`);
    }
  }
}

/** How often a step of the host is its last. */
const CLUMSY = 0.06;
/** Microtasks after which whatever needs no disk has been done. */
const TICKS = 60;

/**
 * One process of the host: whatever it does, it may be dead before, or after and before it hears of it. Disk and platform
 * do one thing at a time, so that a seed is the same history every time.
 */
class Life {
  readonly desk: Desk;
  alive = true;
  readonly #random: Random;
  readonly #mortality: number;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #agents: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #fault: unknown;

  static async begin(
    parts: DeskParts,
    random: Random,
    directory: string,
    office: Office,
    mortality: number,
  ): Promise<Life> {
    for (let lives = 0; lives < LIVES_MAX; lives += 1) {
      const journal = await parts.openRequestJournal(directory);
      const life = new Life(parts, random, journal, office, mortality);
      await life.during(() => life.#start(parts, journal, office));
      if (life.alive) return life;
    }
    throw new Error('no life of the host lasts until it has begun');
  }

  private constructor(
    parts: DeskParts,
    random: Random,
    journal: RequestJournal,
    office: Office,
    mortality: number,
  ) {
    this.#random = random;
    this.#mortality = mortality;
    const platform = {
      postReceipt: async (_worker: string, id: string, receipt: TerminalReceipt) =>
        office.post(id, receipt),
    };
    this.desk = parts.createDesk({
      journal: this.#mortal(journal),
      // All that it is asked for here.
      platform: this.#mortal(platform) as unknown as Platform,
      turns: { workspaces: undefined as never, driver: () => undefined },
      workerId: 'worker',
      turnsMax: TURNS_AT_ONCE,
      log: { info: () => {}, warn: () => {} },
      now: () => 0,
      work: {
        ...this.#mortal({ publishLeftovers: async () => {} }),
        executeTurn: async (_deps, turn, hooks) => {
          const output = office.execute(turn.requestId);
          await hooks.processStarting({ pid: 1, started: 'then' });
          if (random.chance(0.5)) await this.#agent(hooks.signal);
          return { event_type: 'worker.response', payload: { output } };
        },
      },
    });
    this.desk.failed.catch((fault: unknown) => {
      this.#fault ??= fault;
    });
  }

  /** As `runHost` begins. */
  async #start(parts: DeskParts, journal: RequestJournal, office: Office): Promise<void> {
    await parts.reapEarlierLife(this.#mortal(journal), async () => {});
    // From a position before the last one heard, or from the list of the open ones.
    for (const request of office.requests) await this.desk.accept(request);
    for (const { request_id } of office.requests) {
      if (office.open.includes(request_id)) continue;
      await this.desk.ended(request_id);
      office.told(request_id);
    }
    void this.desk.takeUp().catch(() => undefined);
  }

  /** Returns when the disk and the platform have done what they were asked for before. */
  async kill(): Promise<void> {
    this.alive = false;
    this.letGo();
    await this.quiet();
  }

  /** Until nothing goes on but agents that wait. */
  async quiet(): Promise<void> {
    for (;;) {
      for (let tick = 0; tick < TICKS; tick += 1) await null;
      if (this.#underWay.size === 0) break;
      await Promise.allSettled(this.#underWay);
    }
    if (this.#fault) throw this.#fault;
  }

  letGo(): void {
    for (const go of this.#agents.splice(0)) go();
  }

  /** Work that ends with this life, if it does not end before. */
  async during(work: () => Promise<void>): Promise<void> {
    let fault: unknown;
    work().catch((error: unknown) => {
      fault = error;
    });
    await this.quiet();
    if (this.alive && fault) throw fault;
  }

  #agent(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#agents.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  }

  #mortal<T extends object>(part: T): T {
    const methods = Object.entries(part).map(([name, method]) => [
      name,
      (...args: unknown[]) => this.#risky(() => method(...args)),
    ]);
    // The same methods, each with a risk.
    return Object.fromEntries(methods) as T;
  }

  #risky(work: () => Promise<unknown>): Promise<unknown> {
    const doing = this.#last.then(() => {
      this.#risk();
      return this.alive ? work() : undefined;
    });
    this.#last = doing.catch(() => undefined);
    const heard = this.#last.then(() => this.#risk());
    this.#underWay.add(heard);
    heard.then(() => this.#underWay.delete(heard));
    return heard.then(() => (this.alive ? doing : new Promise(() => {})));
  }

  #risk(): void {
    if (!this.alive || !this.#random.chance(this.#mortality)) return;
    this.alive = false;
    this.letGo();
  }
}
