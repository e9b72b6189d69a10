import { WebSocket } from 'ws';
import type { KhalaClientOptions, WebSocketLike } from '#clients/khala/types.ts';
import { decodeFrame, encodeFrame, type KhalaMessage } from '#proto/khala-frame.ts';

/** What arrives instead of a frame of the node. */
export type Rewrite = (message: KhalaMessage) => KhalaMessage[];

/** A line on which a faulty node can be played: the client sees what `rewrite` makes of each frame. */
export function tamperedLine(rewrite: Rewrite): NonNullable<KhalaClientOptions['webSocket']> {
  return (url, protocols) => {
    const socket = new WebSocket(url, protocols);
    const tampered: WebSocketLike = {
      set binaryType(value: string) {
        socket.binaryType = value === 'arraybuffer' ? 'arraybuffer' : 'nodebuffer';
      },
      get binaryType() {
        return socket.binaryType;
      },
      get readyState() {
        return socket.readyState;
      },
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
      addEventListener(type: string, listener: (event: never) => void) {
        if (type !== 'message') {
          // The four overloads of the standard differ by their event alone.
          socket.addEventListener(type as 'close', listener as never);
          return;
        }
        const hear = listener as (event: { data: unknown }) => void;
        socket.addEventListener('message', ({ data }) => {
          for (const message of rewrite(decodeFrame(new Uint8Array(data as ArrayBuffer)))) {
            hear({ data: encodeFrame(message) });
          }
        });
      },
    };
    return tampered;
  };
}
