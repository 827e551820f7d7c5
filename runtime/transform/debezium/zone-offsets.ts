import { wrongOption } from '../transform-error.ts';

/** Offsets change at quarters of an hour only. */
const QUARTER_MS = 900_000;
const MOST_KNOWN = 100_000;

/** The offsets from UTC of a time zone: a name of the IANA database, or a fixed `+hh:mm[:ss]`. */
export class ZoneOffsets {
  readonly #fixedMs: number | null;
  readonly #format: Intl.DateTimeFormat | null;
  readonly #known = new Map<number, number>();

  constructor(key: string, zone: string) {
    this.#fixedMs = fixedOffset(zone);
    this.#format = this.#fixedMs === null ? formatOf(key, zone) : null;
  }

  /** At an instant, milliseconds. */
  at(ms: number): number {
    if (this.#fixedMs !== null) return this.#fixedMs;
    const quarter = Math.floor(ms / QUARTER_MS);
    let offset = this.#known.get(quarter);
    if (offset === undefined) {
      offset = this.#measure(quarter * QUARTER_MS);
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(quarter, offset);
    }
    return offset;
  }

  /** For a local time, given as if it were UTC: in a gap the offset before it, in an overlap the earlier one, as in Java. */
  atLocal(localMs: number): number {
    const day = 86_400_000;
    const before = this.at(localMs - day);
    const after = this.at(localMs + day);
    if (before === after) return before;
    // The later offset counts once its own local time has begun.
    const byBefore = this.at(localMs - before);
    const byAfter = this.at(localMs - after);
    if (byBefore === before) return before;
    return byAfter === after ? after : before;
  }

  #measure(ms: number): number {
    const parts = this.#format?.formatToParts(ms) ?? [];
    const number = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
    const year = parts.some(({ type, value }) => type === 'era' && value.startsWith('B'))
      ? 1 - number('year')
      : number('year');
    const local = new Date(0);
    local.setUTCFullYear(year, number('month') - 1, number('day'));
    local.setUTCHours(number('hour') % 24, number('minute'), number('second'));
    return local.getTime() - ms;
  }
}

function fixedOffset(zone: string): number | null {
  const match = /^([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(zone);
  if (match === null) return null;
  const [, sign, hours, minutes, seconds = '0'] = match;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -ms : ms;
}

function formatOf(key: string, zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw wrongOption(
      key,
      'Invalid timezone format. Please specify either a geographic timezone (e.g. America/Los_Angeles) or a UTC offset in the format of +/-hh:mm, (e.g. +08:00).',
    );
  }
}
