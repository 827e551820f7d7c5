const SLOT_MS = 900_000;

/** Milliseconds a time zone's clock is ahead of UTC at an instant. */
export type ZoneOffset = (utcMs: number) => number;

/** True for a name that this runtime's time zone data has. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The offsets of a zone. Transitions happen at multiples of a quarter of an hour, so the last slot
 * asked for is remembered.
 */
export function zoneOffset(name: string): ZoneOffset {
  if (name === 'UTC' || name === 'GMT') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  let slot = Number.NaN;
  let offset = 0;
  return (utcMs) => {
    const wanted = Math.floor(utcMs / SLOT_MS);
    if (wanted !== slot) {
      offset = offsetAt(format, wanted * SLOT_MS);
      slot = wanted;
    }
    return offset;
  };
}

function offsetAt(format: Intl.DateTimeFormat, utcMs: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(utcMs)) part[type] = value;
  const year = part['era'] === 'BC' ? 1 - Number(part['year']) : Number(part['year']);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(part['month']) - 1, Number(part['day']));
  local.setUTCHours(Number(part['hour']), Number(part['minute']), Number(part['second']));
  return local.getTime() - utcMs;
}
