import { rejected } from '../transform-error.ts';

const DATE_TIME =
  /^([+-]?\d{4,9})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::\d{2}){0,2})$/i;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::\d{2}){0,2})$/i;
const DAY_MS = 86_400_000;

/** A time with an offset; the fraction of a second is kept as text. */
interface Zoned {
  /** Whole seconds, as milliseconds in UTC. */
  readonly ms: number;
  readonly offsetMs: number;
  /** Digits of the fraction, without zeros at the end. */
  readonly fraction: string;
}

/** ISO_OFFSET_DATE_TIME, at the same instant in another offset. `offsetOf`: of the local time that the text has. */
export function withOffset(text: string, offsetOf: (localMs: number) => number): string {
  const parts = DATE_TIME.exec(text);
  if (parts === null) throw rejected('VALUE', `Text '${text}' could not be parsed`);
  const [, year, month, day, hour, minute, second = '0', fraction = '', offset = 'Z'] = parts;
  const local = new Date(0);
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second));
  const zoned = {
    ms: local.getTime() - parsedOffset(offset),
    offsetMs: offsetOf(local.getTime()),
    fraction: trimmed(fraction),
  };
  const shown = new Date(zoned.ms + zoned.offsetMs);
  return `${dateText(shown)}T${timeText(shown, zoned)}`;
}

/** ISO_OFFSET_TIME, at the same instant in another offset. */
export function timeWithOffset(text: string, offsetMs: number): string {
  const parts = TIME.exec(text);
  if (parts === null) throw rejected('VALUE', `Text '${text}' could not be parsed`);
  const [, hour, minute, second = '0', fraction = '', offset = 'Z'] = parts;
  const local = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  const ms = (((local - parsedOffset(offset) + offsetMs) % DAY_MS) + DAY_MS) % DAY_MS;
  return timeText(new Date(ms), { ms, offsetMs, fraction: trimmed(fraction) });
}

function trimmed(fraction: string): string {
  return fraction.replace(/0+$/, '');
}

function parsedOffset(text: string): number {
  if (text.toUpperCase() === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number);
  const ms = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return text.startsWith('-') ? -ms : ms;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function dateText(date: Date): string {
  const year = date.getUTCFullYear();
  const size = String(Math.abs(year)).padStart(4, '0');
  const shown = year > 9999 ? `+${size}` : `${year < 0 ? '-' : ''}${size}`;
  return `${shown}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

function timeText(date: Date, { offsetMs, fraction }: Zoned): string {
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${clock}${fraction === '' ? '' : `.${fraction}`}${offsetText(offsetMs)}`;
}

function offsetText(ms: number): string {
  if (ms === 0) return 'Z';
  const seconds = Math.abs(ms) / 1000;
  const rest = seconds % 60;
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return `${ms < 0 ? '-' : '+'}${text}${rest === 0 ? '' : `:${two(rest)}`}`;
}
