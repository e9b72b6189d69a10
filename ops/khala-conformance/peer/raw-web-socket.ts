/** RFC 6455 from the client's side, as right or as wrong as a case wants it. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketFrame {
  opcode: number;
  payload: Buffer;
}

export interface OutgoingFrame {
  opcode: number;
  payload?: Uint8Array | string;
  /** Not the last fragment of its message. */
  more?: boolean;
  /** A client always masks. */
  unmasked?: boolean;
  reservedBits?: number;
}

export interface OpenOptions {
  protocols?: readonly string[];
  origin?: string;
  path?: string;
  version?: string;
}

const HANDSHAKE_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE_CODE_BYTES = 2;

/** What a peer hears of its socket. */
export interface Listener {
  onFrame(frame: WebSocketFrame): void;
  /** What came is no frame of a node. */
  onFault(fault: unknown): void;
  onEnd(): void;
}

export class RawWebSocket {
  /** Of the HTTP answer. */
  readonly status: number;
  readonly protocol: string;
  /** A slow line sends fewer at a time. */
  bytesPerWrite = Number.POSITIVE_INFINITY;
  readonly #socket: Socket;
  readonly #listener: Listener;
  #unread: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, answer: Answer, listener: Listener) {
    this.#socket = socket;
    this.#listener = listener;
    this.status = answer.status;
    this.protocol = answer.headers.get('sec-websocket-protocol') ?? '';
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('close', () => listener.onEnd());
    socket.unshift(answer.rest);
  }

  /** From now on the listener hears. */
  listen(): void {
    this.#socket.resume();
  }

  static async open(url: string, options: OpenOptions, listener: Listener): Promise<RawWebSocket> {
    const { hostname, port, pathname, protocol } = new URL(url);
    const secure = protocol === 'wss:';
    const portNumber = Number(port || (secure ? 443 : 80));
    const socket = secure
      ? connectTls(portNumber, hostname, { servername: hostname })
      : connectTcp(portNumber, hostname);
    socket.setNoDelay(true);
    const key = randomBytes(16).toString('base64');
    const headers = [
      `GET ${options.path ?? pathname} HTTP/1.1`,
      `Host: ${hostname}:${portNumber}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Version: ${options.version ?? '13'}`,
      `Sec-WebSocket-Key: ${key}`,
      ...(options.protocols ? [`Sec-WebSocket-Protocol: ${options.protocols.join(', ')}`] : []),
      ...(options.origin ? [`Origin: ${options.origin}`] : []),
    ];
    socket.write(`${headers.join('\r\n')}\r\n\r\n`);
    const answer = await readAnswer(socket);
    const accept = createHash('sha1')
      .update(key + HANDSHAKE_GUID)
      .digest('base64');
    if (answer.status === 101 && answer.headers.get('sec-websocket-accept') !== accept) {
      throw new Error('the node accepted another key');
    }
    return new RawWebSocket(socket, answer, listener);
  }

  send({ opcode, payload = '', more, unmasked, reservedBits = 0 }: OutgoingFrame): void {
    const bytes = Buffer.from(payload as Uint8Array);
    const mask = unmasked ? Buffer.alloc(0) : randomBytes(4);
    const masked = mask.length
      ? Buffer.from(bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
      : bytes;
    const first = (more ? 0 : 0x80) | (reservedBits << 4) | opcode;
    this.write(Buffer.concat([lengthHeader(first, bytes.length, mask.length > 0), mask, masked]));
  }

  /** Bytes below the framing. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#socket.writable; at += this.bytesPerWrite) {
      this.#socket.write(bytes.subarray(at, at + this.bytesPerWrite));
    }
  }

  /** Takes no byte any more. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends nothing more and goes on reading. */
  halfClose(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    try {
      for (let frame = this.#take(); frame; frame = this.#take()) this.#listener.onFrame(frame);
    } catch (fault) {
      this.#listener.onFault(fault);
    }
  }

  #take(): WebSocketFrame | undefined {
    const bytes = this.#unread;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    // A node never masks, never fragments and has agreed to no extension (RFC 6455, 5.1 to 5.4).
    if ((first & 0xf0) !== 0x80 || second > 0x7f) throw new Error('a frame that no node may send');
    const headerBytes = second === 127 ? 10 : second === 126 ? 4 : 2;
    if (bytes.length < headerBytes) return undefined;
    const length =
      second === 127
        ? Number(bytes.readBigUInt64BE(2))
        : second === 126
          ? bytes.readUInt16BE(2)
          : second;
    if (bytes.length < headerBytes + length) return undefined;
    this.#unread = bytes.subarray(headerBytes + length);
    return { opcode: first & 0x0f, payload: bytes.subarray(headerBytes, headerBytes + length) };
  }
}

export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(CLOSE_CODE_BYTES + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, CLOSE_CODE_BYTES);
  return payload;
}

export function closeOf(payload: Buffer): { code: number; reason: string } {
  // A close frame without a code reads as 1005 (RFC 6455, 7.1.5).
  if (payload.length < CLOSE_CODE_BYTES) return { code: 1005, reason: '' };
  return {
    code: payload.readUInt16BE(),
    reason: payload.subarray(CLOSE_CODE_BYTES).toString('utf8'),
  };
}

function lengthHeader(first: number, length: number, masked: boolean): Buffer {
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) return Buffer.from([first, maskBit | length]);
  const wide = length > 0xffff;
  const header = Buffer.alloc(wide ? 10 : 4);
  header[0] = first;
  header[1] = maskBit | (wide ? 127 : 126);
  if (wide) header.writeBigUInt64BE(BigInt(length), 2);
  else header.writeUInt16BE(length, 2);
  return header;
}

interface Answer {
  status: number;
  headers: Map<string, string>;
  rest: Buffer;
}

function readAnswer(socket: Socket): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData).off('error', reject).off('close', onClose);
      socket.on('error', () => undefined).pause();
      const [statusLine = '', ...lines] = seen.subarray(0, end).toString('latin1').split('\r\n');
      const headers = new Map(
        lines.map((line): [string, string] => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
      );
      resolve({ status: Number(statusLine.split(' ')[1]), headers, rest: seen.subarray(end + 4) });
    };
    const onClose = () => reject(new Error('the node closed without an HTTP answer'));
    socket.on('data', onData).on('error', reject).on('close', onClose);
  });
}
