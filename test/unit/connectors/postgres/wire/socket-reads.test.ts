import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SocketReads } from '../../../../../connectors/postgres/wire/socket-reads.ts';

function read(reads: SocketReads, text: string): boolean {
  return reads.callback(reads.buffer.write(text, 'latin1'));
}

describe('the reads of a plain socket', () => {
  it('are data events of the socket, each with bytes of its own, while nobody has taken them', () => {
    const reads = new SocketReads();
    const heard: Buffer[] = [];
    reads.attach(new Socket()).on('data', (bytes: Buffer) => heard.push(bytes));
    read(reads, 'one');
    read(reads, 'two');
    expect(heard.map(String)).toEqual(['one', 'two']);
  });

  it('go to who has taken them, and to nobody else', () => {
    const reads = new SocketReads();
    const heard: string[] = [];
    const taken: string[] = [];
    reads.attach(new Socket()).on('data', (bytes: Buffer) => heard.push(String(bytes)));
    reads.taker = (bytes) => taken.push(String(bytes));
    read(reads, 'one');
    reads.taker = undefined;
    read(reads, 'two');
    expect({ heard, taken }).toEqual({ heard: ['two'], taken: ['one'] });
  });

  it('end with the read under way once they are paused, whatever the stream thinks', () => {
    const reads = new SocketReads();
    reads.attach(new Socket());
    reads.taker = () => undefined;
    expect(read(reads, 'one')).toBe(true);
    reads.resume();
    reads.pause();
    expect(read(reads, 'two')).toBe(false);
    reads.resume();
    expect(read(reads, 'three')).toBe(true);
  });
});
