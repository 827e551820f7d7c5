import { MillraceError } from '../../../runtime/record/error.ts';
import type { PayloadReader } from './payload-reader.ts';

/** Capability flags of the protocol (`CLIENT_*`). */
export const CAPABILITY = {
  longPassword: 0x1,
  longFlag: 0x4,
  connectWithDatabase: 0x8,
  protocol41: 0x200,
  ssl: 0x800,
  transactions: 0x2000,
  secureConnection: 0x8000,
  multiResults: 0x2_0000,
  pluginAuth: 0x8_0000,
  pluginAuthLength: 0x20_0000,
} as const;

/** `utf8mb4_general_ci`: what we send and get is UTF-8. */
const COLLATION = 45;
const MAX_PACKET = 0x4000_0000;

/** The server's first packet. */
export interface Greeting {
  readonly version: string;
  readonly connectionId: number;
  readonly capabilities: number;
  readonly challenge: Buffer;
  readonly plugin: string;
}

/** Handshake V10: the reader stands at the packet's first byte. */
export function readGreeting(reader: PayloadReader): Greeting {
  const protocol = reader.u8();
  if (protocol !== 10) {
    throw new MillraceError('MYSQL_PROTOCOL', `the server speaks protocol ${protocol}, not 10: is it MySQL?`, {
      kind: 'config',
      key: 'database.port',
      remedy: 'Check database.hostname and database.port (3306 as a rule; 33060 is another protocol).',
    });
  }
  const version = reader.cString();
  const connectionId = reader.u32();
  const first = reader.copy(8);
  reader.skip(1);
  let capabilities = reader.u16();
  reader.skip(3);
  capabilities |= reader.u16() << 16;
  const length = reader.u8();
  reader.skip(10);
  const rest = reader.copy(Math.min(reader.left, Math.max(13, length - 8)));
  const challenge = Buffer.concat([first, rest]).subarray(0, 20);
  const plugin = reader.left > 0 ? reader.cString() : 'mysql_native_password';
  return { version, connectionId, capabilities, challenge, plugin };
}

/** What we ask of the server. */
function wantedCapabilities(tls: boolean): number {
  const c = CAPABILITY;
  return (
    c.longPassword |
    c.longFlag |
    c.protocol41 |
    c.transactions |
    c.secureConnection |
    c.multiResults |
    c.pluginAuth |
    c.pluginAuthLength |
    (tls ? c.ssl : 0)
  );
}

/** The request to go on under TLS: the first fields of a {@link loginPacket}. */
export function tlsRequest(): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(wantedCapabilities(true), 0);
  head.writeUInt32LE(MAX_PACKET, 4);
  head[8] = COLLATION;
  return head;
}

export function loginPacket(user: string, answer: Buffer, plugin: string, tls: boolean): Buffer {
  const head = tlsRequest();
  head.writeUInt32LE(wantedCapabilities(tls), 0);
  const length = Buffer.from(answer.length < 0xfb ? [answer.length] : [0xfc, answer.length & 0xff, answer.length >> 8]);
  return Buffer.concat([head, Buffer.from(`${user}\0`, 'utf8'), length, answer, Buffer.from(`${plugin}\0`, 'latin1')]);
}
