import type { Log } from '../connector/context.ts';

const nothing = (): void => undefined;

/** For commands that say by themselves what there is to say. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
