import ZongJi from '@vlasky/zongji';
import type { MysqlServer } from '../../../services/mysql.ts';
import { bitText, cellsOf, jsonText, shortTime, type Cells, type Change } from './change.ts';
import type { RandomColumn } from './random-rows.ts';

type Row = Readonly<Record<string, unknown>>;

/** What @vlasky/zongji reads of `app.t` in the server's whole binlog, until a row of `app.last` comes. */
export async function zongjiChanges(server: MysqlServer, columns: readonly RandomColumn[]): Promise<Change[]> {
  const { host, port, user } = server;
  const changes: Change[] = [];
  // As the options of mysql2 go through it: texts of dates and of json instead of objects.
  const settings = { host, port, user, password: '', dateStrings: true, timezone: 'Z', jsonStrings: true };
  const zongji = new ZongJi(settings);
  try {
    await new Promise<void>((resolve, reject) => {
      zongji.on('error', reject);
      zongji.on('binlog', (event) => {
        if (!('rows' in event)) return;
        const table = event.tableMap[event.tableId]?.tableName;
        if (table === 'last') resolve();
        if (table !== 't') return;
        const name = event.getEventName();
        for (const row of event.rows as readonly Row[]) changes.push(changeOf(name, row, columns));
      });
      zongji.start({
        serverId: 184_099,
        filename: 'binlog.000001',
        position: 4,
        includeSchema: { app: ['t', 'last'] },
        includeEvents: ['tablemap', 'writerows', 'updaterows', 'deleterows', 'rotate'],
      });
    });
  } finally {
    zongji.stop();
  }
  return changes;
}

function changeOf(event: string, row: Row, columns: readonly RandomColumn[]): Change {
  const of = (image: unknown): Cells => cells(image as Row, columns);
  if (event.startsWith('update')) return { op: 'u', before: of(row['before']), after: of(row['after']) };
  return event.startsWith('delete')
    ? { op: 'd', before: of(row), after: null }
    : { op: 'c', before: null, after: of(row) };
}

function cells(row: Row, columns: readonly RandomColumn[]): Cells {
  return cellsOf(columns, (column) => {
    const value = row[column.name] ?? null;
    return value === null ? null : cell(column, value);
  });
}

function cell({ kind }: RandomColumn, value: unknown): string {
  const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);
  const text = `${value as string | number}`;
  switch (kind) {
    case 'bit':
      return bitText(bytes);
    case 'bytes':
      return bytes.toString('hex');
    case 'temporal':
      return carried(shortTime(text));
    case 'timestamp':
      return shortTime(text);
    case 'json':
      return jsonText(text);
    case 'point': {
      const { x, y } = value as { x: number; y: number };
      return `${x} ${y}`;
    }
    default:
      return text;
  }
}

/** It adds the second that a negative time lacks to the seconds only: `-329:22:64` is -329:23:00. */
function carried(text: string): string {
  const parts = /^(-\d+):(\d\d):64$/.exec(text);
  if (parts === null) return text;
  const minutes = Number(parts[2]) + 1;
  if (minutes < 64) return `${parts[1]}:${String(minutes).padStart(2, '0')}:00`;
  return `-${String(Number(parts[1]?.slice(1)) + 1).padStart(2, '0')}:00:00`;
}
