import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: it passes, is answered here, or passes and its answer is lost or cut. */
export type SearchFault =
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

export interface SearchProxy {
  readonly url: string;
  /** Requests that were hit. */
  readonly hits: number;
  close(): Promise<void>;
}

/** Stands between the sink and a search server. `decide` is asked for each bulk, with its number from 0. */
export async function searchProxy(
  target: string,
  decide: (bulk: number, bytes: number) => SearchFault,
): Promise<SearchProxy> {
  let hits = 0;
  let bulks = 0;
  const server = createServer((incoming, outgoing) => {
    const isBulk = incoming.url?.startsWith('/_bulk') === true;
    const fault = isBulk
      ? decide(bulks++, Number(incoming.headers['content-length'] ?? 0))
      : ({ kind: 'pass' } as const);
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

function answer(incoming: IncomingMessage, outgoing: ServerResponse, fault: SearchFault & { kind: 'answer' }): void {
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
  const onward = request(new URL(url ?? '/', target), { method, headers }, (answered) => {
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
      outgoing.writeHead(answered.statusCode ?? 500, { 'content-type': 'application/json' });
      outgoing.end(whole.subarray(0, whole.length >> 1));
    });
  });
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
