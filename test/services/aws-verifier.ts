import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before a server and lets signed requests through, as a domain of AWS does. */
export interface AwsGate {
  readonly url: string;
  readonly passed: number;
  readonly refused: number;
  close(): Promise<void>;
}

interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Checks Signature Version 4 from its description ("Create a signed AWS API request": canonical request, string to
 * sign, derived key), with nothing of a library that signs; refuses as AWS does: 403 and a `message`.
 */
export async function awsGate(target: string, keys: Keys): Promise<AwsGate> {
  const counts = { passed: 0, refused: 0 };
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts);
      const { method = '', url = '', headers } = incoming;
      const problem = signatureProblem(keys, { method, url, headers, body });
      if (problem !== null) {
        counts.refused++;
        outgoing.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ message: problem }));
        return;
      }
      counts.passed++;
      const forward = request(`${target}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      forward.on('error', () => outgoing.destroy());
      forward.end(body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get passed() {
      return counts.passed;
    },
    get refused() {
      return counts.refused;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

interface Signed {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** RFC 3986: everything but letters, digits, `-`, `.`, `_` and `~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function signatureProblem(keys: Keys, { method, url, headers, body }: Signed): string | null {
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  if (found === null) return 'Missing Authentication Token';
  const [, credential = '', signed = '', signature = ''] = found;
  const date = String(headers['x-amz-date'] ?? '');
  const scope = `${date.slice(0, 8)}/${keys.region}/${keys.service}/aws4_request`;
  if (credential !== `${keys.id}/${scope}`) return 'The security token included in the request is invalid.';
  const ageMs =
    Date.now() - Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(ageMs) < 300_000)) return 'Signature expired';
  const names = signed.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'host and x-amz-date must be signed';
  if (headers['x-amz-content-sha256'] !== sha256(body)) return 'The payload is not the one that was signed';
  const [path = '', query = ''] = url.split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('=').map(decodeURIComponent));
  const canonicalQuery = pairs.map(([name = '', value = '']) => `${encoded(name)}=${encoded(value)}`).toSorted();
  const canonical = [
    method,
    path.split('/').map(encoded).join('/'),
    canonicalQuery.join('&'),
    ...names.map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replaceAll(/ +/g, ' ')}`,
    ),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [keys.region, keys.service, 'aws4_request'].reduce(
    (last: Buffer, part) => hmac(last, part),
    hmac(`AWS4${keys.secret}`, date.slice(0, 8)),
  );
  const expected = hmac(key, toSign);
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
    ? null
    : 'The request signature we calculated does not match the signature you provided.';
}
