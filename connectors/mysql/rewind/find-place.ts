import { MillraceError } from '../../../runtime/record/error.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import type { StreamPlace } from '../offset.ts';
import type { BinlogFile, BinlogFiles } from './binlog-files.ts';

/** A file's first event. */
const FIRST = 4;
const FILE_PLACE = /^(\S+\.\d+):(\d{1,15})$/;

/** `file:position`; undefined: it is not written so. */
export function parseFilePlace(text: string): { file: string; position: number } | undefined {
  const found = FILE_PLACE.exec(text);
  return found?.[1] === undefined ? undefined : { file: found[1], position: Number(found[2]) };
}

/** The place of the first transaction that was committed at or after the time. Throws where that may be gone. */
export async function placeOfTime(binlogs: BinlogFiles, timeMs: number, signal: AbortSignal): Promise<StreamPlace> {
  const { files } = binlogs;
  const [oldest] = files;
  if (oldest === undefined) throw noFiles();
  const at = await lastBegunBefore(binlogs, timeMs, signal);
  if (at < 0) {
    const begun = new Date((await binlogs.begunAt(oldest, signal)) * 1000).toISOString();
    throw gone(`${new Date(timeMs).toISOString()} is gone: the oldest binlog, ${oldest.name}, begins at ${begun}`, {
      key: 'time',
      earliest: `to ${begun} or later`,
    });
  }
  for (const file of files.slice(at)) {
    let position: number | undefined;
    await binlogs.begins(file, signal, (begin) => {
      if (begin.us < timeMs * 1000) return false;
      ({ position } = begin);
      return true;
    });
    if (position !== undefined) return binlogs.place(file, position, signal);
  }
  // Nothing was committed since: the end of all.
  const last = files.at(-1) ?? oldest;
  return binlogs.place(last, last.size, signal);
}

/** The last file that was surely begun before the time: in an earlier second; -1: the oldest is younger. */
async function lastBegunBefore(binlogs: BinlogFiles, timeMs: number, signal: AbortSignal): Promise<number> {
  const [oldest] = binlogs.files;
  if (oldest === undefined || (await binlogs.begunAt(oldest, signal)) * 1000 > timeMs) return -1;
  let [low, high] = [0, binlogs.files.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const file = binlogs.files[middle];
    const before = file !== undefined && (await binlogs.begunAt(file, signal)) < Math.floor(timeMs / 1000);
    if (before) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A place that the operator names: a transaction has to begin there, or the file end. */
export async function placeOfFile(
  binlogs: BinlogFiles,
  { file: name, position }: { file: string; position: number },
  signal: AbortSignal,
): Promise<StreamPlace> {
  const { files } = binlogs;
  const [oldest] = files;
  if (oldest === undefined) throw noFiles();
  const file = files.find((one) => one.name === name);
  if (file === undefined && comparePlaces(name, 0, oldest.name, 0) < 0) {
    throw gone(`${name} is gone: the oldest binlog is ${oldest.name}`, {
      key: 'binlog',
      earliest: `to ${oldest.name}:${FIRST} or later`,
    });
  }
  if (file === undefined) throw wrong(`the server has no binlog ${name}`, `Its last is ${files.at(-1)?.name ?? ''}.`);
  if (position > file.size) throw wrong(`${name} ends at ${file.size}`, `Give a place up to ${name}:${file.size}.`);
  if (position <= FIRST) return binlogs.place(file, FIRST, signal);
  const before = await beginBefore(binlogs, file, position, signal);
  if (before !== position && position < file.size) {
    throw wrong(
      `no transaction begins at ${name}:${position}`,
      `The one that the place is in begins at ${name}:${before}.`,
    );
  }
  return binlogs.place(file, position, signal);
}

/** Where the last transaction up to a place begins. */
async function beginBefore(
  binlogs: BinlogFiles,
  file: BinlogFile,
  position: number,
  signal: AbortSignal,
): Promise<number> {
  let before = FIRST;
  await binlogs.begins(file, signal, (begin) => {
    if (begin.position <= position) before = begin.position;
    return begin.position >= position;
  });
  return before;
}

function noFiles(): MillraceError {
  return gone('the server has no binlog', { key: 'binlog', earliest: 'nowhere' });
}

/** The server has purged what is asked for. */
export function gone(problem: string, { key, earliest }: { key: string; earliest: string }): MillraceError {
  return new MillraceError('MYSQL_REWIND_GONE', problem, {
    kind: 'position',
    key,
    remedy: `Rewind ${earliest}. For what lies before it take a new snapshot: of single tables by the signal execute-snapshot, or of all by deleting the connector’s offsets.`,
  });
}

/** What was asked for is no place. */
export function wrong(problem: string, remedy: string): MillraceError {
  return new MillraceError('MYSQL_REWIND_TARGET', problem, { kind: 'config', key: 'binlog', remedy });
}
