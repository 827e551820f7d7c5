import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: it passes, is answered here, or passes and its answer is lost or cut. */
export type HttpFault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'lose' }
  | { readonly kind: 'cut' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly type: string;
      readonly text: string;
      readonly location?: string;
    };

export interface FaultProxy {
  readonly url: string;
  /** Requests that were hit. */
  readonly hits: number;
  close(): Promise<void>;
}

/** Stands between a client and a server; signatures stay valid, since the Host header is passed on. */
export async function faultProxy(target: string, decide: (request: IncomingMessage) => HttpFault): Promise<FaultProxy> {
  let hits = 0;
  const server = createServer((incoming, outgoing) => {
    const fault = decide(incoming);
    if (fault.kind !== 'pass') hits++;
    if (fault.kind === 'answer') answer(incoming, outgoing, fault);
    else forward(target, incoming, outgoing, fault.kind);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get hits() {
      return hits;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, fault: HttpFault & { kind: 'answer' }): void {
  incoming.resume();
  incoming.on('end', () => {
    const { status, type, text, location } = fault;
    outgoing.writeHead(status, { 'content-type': type, ...(location === undefined ? {} : { location }) });
    outgoing.end(text);
  });
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  how: 'pass' | 'lose' | 'cut',
): void {
  const { method, headers, url } = incoming;
  const onward = request(new URL(url ?? '/', target), { method, headers, setHost: false }, (answered) => {
    if (how === 'pass') {
      outgoing.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(outgoing);
      return;
    }
    const parts: Buffer[] = [];
    answered.on('data', (part: Buffer) => void parts.push(part));
    answered.on('end', () => {
      if (how === 'lose') {
        outgoing.destroy();
        return;
      }
      const whole = Buffer.concat(parts);
      outgoing.writeHead(answered.statusCode ?? 500, { 'content-type': answered.headers['content-type'] });
      outgoing.end(whole.subarray(0, whole.length >> 1));
    });
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
