import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One connection through the proxy. */
export class Link {
  readonly #near: Socket;
  readonly #far: Socket;
  #held: Buffer[] | undefined;
  /** The server has answered START_REPLICATION, or is about to. */
  streaming = false;
  gone = false;

  constructor(near: Socket, far: Socket, onStart: () => void) {
    this.#near = near;
    this.#far = far;
    for (const socket of [near, far]) socket.on('error', () => this.cut()).on('close', () => this.cut());
    near.on('data', (bytes) => {
      if (bytes.includes('START_REPLICATION')) {
        this.streaming = true;
        onStart();
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (this.#held === undefined) near.write(bytes);
      else this.#held.push(bytes);
    });
  }

  /** Bytes of the server that it holds back. */
  get heldBytes(): number {
    return this.#held?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  hold(): void {
    this.#held ??= [];
  }

  /** Passes on in one write what was held back, without its last `less` bytes. */
  release(less = 0): void {
    const bytes = Buffer.concat(this.#held ?? []);
    this.#held = undefined;
    if (!this.gone && bytes.length > less) this.#near.write(bytes.subarray(0, bytes.length - less));
  }

  cut(): void {
    this.gone = true;
    this.#near.resetAndDestroy();
    this.#far.destroy();
  }
}

/** Stands before a Postgres server, and holds back what it says where a test wants it. */
export class StallingProxy {
  readonly #server: Server;
  readonly #links: Link[] = [];
  /** New connections hear nothing. */
  holdNew = false;
  /** Called once, when a stream starts. */
  onStart: (() => void) | undefined;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const link = new Link(near, connect(target, '127.0.0.1'), () => {
        const { onStart } = this;
        this.onStart = undefined;
        onStart?.();
      });
      if (this.holdNew) link.hold();
      this.#links.push(link);
    });
  }

  static async before(target: number): Promise<StallingProxy> {
    const proxy = new StallingProxy(target);
    await new Promise<void>((resolve) => void proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get live(): readonly Link[] {
    return this.#links.filter(({ gone }) => !gone);
  }

  /** Streams, or what else is connected. */
  those(streaming: boolean): readonly Link[] {
    return this.live.filter((link) => link.streaming === streaming);
  }

  holdAll(): void {
    this.holdNew = true;
    for (const link of this.live) link.hold();
  }

  releaseAll(): void {
    this.holdNew = false;
    for (const link of this.live) link.release();
  }

  close(): void {
    for (const link of this.live) link.cut();
    this.#server.close();
  }
}
