import { deepEqual } from 'node:assert';
import type { Authority, Device, SpareNode, TokenChanges, TopicClass } from './authority.ts';
import { Peer } from './peer/peer.ts';
import type { Frame, Values } from './peer/protobuf.ts';
import type { OpenOptions } from './peer/raw-web-socket.ts';

/** One line of a case: what it says in the table, and what it does. */
export interface Step {
  says: string;
  play(scene: Scene): Promise<void>;
}

export interface SceneOptions {
  /** The nodes; the sockets of a case are spread over them in turn. */
  urls: readonly string[];
  authority: Authority | undefined;
  /** How long an answer may take. */
  patienceMs: number;
  /** After how long the nodes close a socket that takes no byte. */
  stalledAfterMs: number;
}

interface TopicOfCase {
  name: string;
  epoch: string;
}

/** What one case plays with: its own device and topics, and its sockets by name. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #topics = new Map<string, TopicOfCase>();
  #urls: readonly string[];
  #spare: SpareNode | undefined;
  #spareTaken = false;
  #device: Promise<Device> | undefined;
  #turn: number;
  /** Which socket the next step is about. */
  at = 'first';
  /** Of the last HELLO or TOKEN_REFRESH. */
  token = '';
  /** What one HTTP request leaves to the next. */
  readonly notes = new Map<'proof' | 'etag', string>();

  constructor(options: SceneOptions, turn: number) {
    this.#options = options;
    this.#urls = options.urls;
    this.#turn = turn;
  }

  get authority(): Authority {
    const { authority } = this.#options;
    if (!authority) throw new Error('this case needs an authority');
    return authority;
  }

  get device(): Promise<Device> {
    this.#device ??= this.authority.newDevice();
    return this.#device;
  }

  get peer(): Peer {
    const peer = this.#peers.get(this.at);
    if (!peer) throw new Error(`no socket ${this.at}`);
    return peer;
  }

  get patienceMs(): number {
    return this.#options.patienceMs;
  }

  get stalledAfterMs(): number {
    return this.#options.stalledAfterMs;
  }

  /** Every socket of the case goes to the same node. */
  stay(): void {
    this.#urls = [this.nextUrl()];
  }

  /** The next socket goes to a node that the case may shut down. */
  async goToSpareNode(): Promise<void> {
    const spare = await this.authority.spareNode?.();
    if (!spare) throw new Error('there is no node to spare');
    this.#spare = spare;
  }

  get spareNode(): SpareNode {
    if (!this.#spare) throw new Error('no spare node is in this case');
    return this.#spare;
  }

  /** Where the next socket goes: a spare node once, else the nodes in turn. */
  nextUrl(): string {
    const urls = this.#urls;
    if (this.#spare && !this.#spareTaken) {
      this.#spareTaken = true;
      return this.#spare.url;
    }
    const url = urls[this.#turn % urls.length];
    if (!url) throw new Error('no address');
    this.#turn += 1;
    return url;
  }

  async open(options: OpenOptions): Promise<Peer> {
    const peer = await this.within('the HTTP answer', Peer.open(this.nextUrl(), options));
    this.#peers.set(this.at, peer);
    return peer;
  }

  async newTopic(alias: string, topicClass: TopicClass, owner?: Device): Promise<string> {
    const name = await this.authority.newTopic(owner ?? (await this.device), topicClass);
    this.#topics.set(alias, { name, epoch: '' });
    return name;
  }

  async newTopicOfOrganisation(alias: string): Promise<string> {
    const name = await this.authority.newTopicOfOrganisation(await this.device);
    this.#topics.set(alias, { name, epoch: '' });
    return name;
  }

  /** The topic of that alias; any other text stands for itself. */
  topic(alias: string): string {
    return this.#topics.get(alias)?.name ?? alias;
  }

  epoch(alias: string): string {
    return this.#topics.get(alias)?.epoch ?? '';
  }

  /** A token for every topic of the case, or for those. */
  async mint(aliases: readonly string[] | undefined, changes: TokenChanges): Promise<string> {
    const granted = aliases?.map((alias) => this.topic(alias));
    const all = [...this.#topics.values()].map(({ name }) => name);
    this.token = await this.authority.mint(await this.device, granted ?? all, changes);
    return this.token;
  }

  /** The next frame about a topic of the case (or about the connection), which has to be that one. */
  async expect(kind: Frame['kind'], alias: string, fields: Values = {}): Promise<Values> {
    const frame = await this.within(kind, this.peer.next(this.topic(alias)));
    if (frame.kind !== kind) throw new Error(`${kind} expected, came ${shown(frame)}`);
    for (const [name, expected] of Object.entries(fields)) {
      const found = frame.payload[name];
      const matches =
        expected instanceof RegExp ? expected.test(String(found)) : equal(found, expected);
      if (!matches)
        throw new Error(`${kind}.${name} is ${plain(found)}, expected ${plain(expected)}`);
    }
    const known = this.#topics.get(alias);
    if (known && kind === 'subscribed') known.epoch = frame.payload['epoch'] as string;
    return frame.payload;
  }

  /** Ends when `promise` does, or with a fault after the patience is spent. */
  async within<T>(what: string, promise: Promise<T>): Promise<T> {
    const spent = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => spent.reject(new Error(`${what} did not come in ${this.patienceMs} ms`)),
      this.patienceMs,
    );
    try {
      return await Promise.race([promise, spent.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const { peer } = this;
    let waiting = true;
    const look = async () => {
      while (waiting && !holds()) await peer.changed();
    };
    await this.within(what, look()).finally(() => {
      waiting = false;
    });
  }

  /** What every frame of every socket has to be, whatever the case is about. */
  assertSound(): void {
    const faults = [...this.#peers].flatMap(([name, { faults: found }]) =>
      found.map((fault) => `${name}: ${fault}`),
    );
    if (faults.length > 0) throw new Error(faults.join('; '));
  }

  async end(): Promise<void> {
    for (const peer of this.#peers.values()) peer.end();
    await this.#spare?.drain();
  }
}

function equal(found: unknown, expected: unknown): boolean {
  try {
    deepEqual(found, expected);
    return true;
  } catch {
    return false;
  }
}

export function plain(value: unknown): string {
  if (value instanceof RegExp) return String(value);
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each));
}

const SHOWN_CHARACTERS = 300;

function shown({ kind, payload }: Frame): string {
  return `${kind} ${plain(payload)}`.slice(0, SHOWN_CHARACTERS);
}
