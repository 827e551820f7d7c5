import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: it passes, is answered here, or passes and its answer is lost. */
export type Fault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'lose' }
  | { readonly kind: 'answer'; readonly status: number; readonly code: string };

export interface FaultProxy {
  readonly url: string;
  /** Requests that were hit. */
  readonly hits: number;
  close(): Promise<void>;
}

/** Stands between a client and a server; signatures stay valid, since the Host header is passed on. */
export async function faultProxy(target: string, decide: (method: string, path: string) => Fault): Promise<FaultProxy> {
  let hits = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const fault = decide(incoming.method ?? '', incoming.url ?? '');
    if (fault.kind !== 'pass') hits++;
    if (fault.kind === 'answer') answer(incoming, outgoing, fault.status, fault.code);
    else forward(target, incoming, outgoing, fault.kind === 'lose');
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

function answer(incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void {
  incoming.resume();
  incoming.on('end', () => {
    outgoing.writeHead(status, { 'content-type': 'application/xml' });
    outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>from the test</Message></Error>`);
  });
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse, lose: boolean): void {
  const onward = request(
    new URL(incoming.url ?? '/', target),
    { method: incoming.method, headers: incoming.headers, setHost: false },
    (answered) => {
      if (lose) {
        answered.resume();
        answered.on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answered.statusCode ?? 500, answered.headers);
      answered.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
