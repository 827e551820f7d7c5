import { setTimeout as sleep } from 'node:timers/promises';
import { option, type OptionPattern, type RawConfig } from '../../runtime/connector/options.ts';

/**
 * What a nasty connector does, instead of or beside its work. Each is a function of the hook's name;
 * one that returns lets the hook go on as a good one would.
 */
const DEEDS = {
  /** Never settles; ignores its signal. */
  hang: () => new Promise<void>(() => undefined),
  throw: (hook: string): Promise<void> => {
    throw new Error(`nasty: thrown in ${hook}`);
  },
  reject: (hook: string) => Promise.reject(new Error(`nasty: rejected in ${hook}`)),
  'reject-undefined': () => Promise.reject(undefined as unknown as Error),
  'reject-null': () => Promise.reject(null as unknown as Error),
  'reject-text': (hook: string) => Promise.reject(`nasty text in ${hook}` as unknown as Error),
  'reject-circular': () => {
    const circular: { nasty: string; self?: unknown } = { nasty: 'circular' };
    circular.self = circular;
    return Promise.reject(circular as unknown as Error);
  },
  block: (): Promise<void> => {
    for (;;);
  },
  'leak-heap': (): Promise<void> => {
    const held: unknown[] = [];
    for (;;) held.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
  },
  'leak-heap-slowly': async (): Promise<void> => {
    const held: unknown[] = [];
    for (;;) {
      for (let i = 0; i < 20; i++) held.push(Array.from({ length: 1000 }, (_, n) => ({ n })));
      await sleep(1);
    }
  },
  'leak-buffers': (): Promise<void> => {
    const held: Buffer[] = [];
    for (;;) held.push(Buffer.alloc(2 ** 20, 1));
  },
  'leak-buffers-slowly': async (): Promise<void> => {
    const held: Buffer[] = [];
    for (;;) {
      held.push(Buffer.alloc(2 ** 20, 1));
      await sleep(2);
    }
  },
  exit: (): Promise<void> => {
    process.exit(7);
  },
  'timer-throw': async (hook: string): Promise<void> => {
    setTimeout(() => {
      throw new Error(`nasty: thrown in a timer of ${hook}`);
    }, 1);
    await sleep(500);
  },
  'unhandled-rejection': async (hook: string): Promise<void> => {
    void Promise.reject(new Error(`nasty: nobody caught this in ${hook}`));
    await sleep(500);
  },
} satisfies Record<string, (hook: string) => Promise<void>>;

export const BEHAVIOURS = Object.keys(DEEDS) as readonly (keyof typeof DEEDS)[];

const GOOD = 'good';

export const behaviourOptions: OptionPattern = {
  key: /^behaviour\.[a-z]+$/,
  shown: 'behaviour.<hook>',
  schema: option.oneOf([GOOD, ...BEHAVIOURS], { doc: 'What the hook does.', optional: true }),
};

/** Behaves in `hook` as the configuration says. Throws where the deed throws: also synchronously. */
export function behave(config: RawConfig, hook: string): Promise<void> {
  const deed = config[`behaviour.${hook}`] ?? GOOD;
  return deed in DEEDS ? DEEDS[deed as keyof typeof DEEDS](hook) : Promise.resolve();
}
