import { describe, expect, it } from 'vitest';
import { parseColumnRules } from '../../../../../runtime/change/column-rules.ts';
import type { Table } from '../../../../../connectors/postgres/catalog/table.ts';
import type { RowOptions } from '../../../../../connectors/postgres/row/row-options.ts';
import { META_CELLS } from '../../../../../connectors/postgres/row/source-block.ts';
import { RowFactory, type TableRows } from '../../../../../connectors/postgres/row/table-rows.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/postgres/type/options.ts';
import { baseType, columnOf } from '../type/columns.ts';
import { usualRowOptions } from './usual-row-options.ts';

const OPTIONS: RowOptions = { ...usualRowOptions, contextHeaders: true };

const TABLE: Table = {
  oid: 5,
  schema: 'public',
  name: 't',
  partitioned: false,
  leaves: [],
  columns: [
    columnOf(baseType('int4'), { name: 'id', notNull: true }),
    columnOf(baseType('text'), { name: 'code', notNull: true }),
    columnOf(baseType('inet'), { name: 'ip' }),
    columnOf(baseType('box'), { name: 'box' }),
  ],
  key: [0],
  replicaIdentity: 'd',
  identity: [0],
  fingerprint: 'f',
};

function factory(options: Partial<RowOptions> = {}): RowFactory {
  return new RowFactory({ ...OPTIONS, ...options }, { database: 'db', taskId: 0, runId: 'run', version: '1' });
}

function rows(options: Partial<RowOptions> = {}, table: Partial<Table> = {}): TableRows {
  return factory(options).rows({ ...TABLE, ...table }, 'text');
}

const names = (made: TableRows): string[] => made.columns.map(({ name }) => name);
const keyNames = (made: TableRows): string[] => made.key.map(({ name }) => name);

describe('captured tables', () => {
  it('are those that the lists let in, never the system’s', () => {
    const made = factory({ tableInclude: ['public\\..*', 'pg_catalog\\..*'] });
    expect(made.captures('public', 't')).toBe(true);
    expect(made.captures('other', 't')).toBe(false);
    expect(made.captures('pg_catalog', 'pg_class')).toBe(false);
    expect(factory({ schemaExclude: ['other'] }).captures('other', 't')).toBe(false);
  });
});

describe('table rows', () => {
  it('have a cell for each column of the table in each image', () => {
    const made = rows();
    expect(made.layouts.create?.cells).toBe(META_CELLS + 4);
    expect(made.layouts.updateWithBefore?.cells).toBe(META_CELLS + 8);
    expect(made.layouts.create?.topic).toBe('p.public.t');
    expect(made.layouts.create?.headers.map(({ key }) => key.replace('__debezium.context.', ''))).toEqual([
      'connectorLogicalName',
      'taskId',
      'connectorName',
      'runId',
    ]);
  });

  it('leave out columns without a mapping, and say so', () => {
    const made = rows();
    expect(names(made)).toEqual(['id', 'code', 'ip']);
    expect(factory().leftOut(TABLE)).toEqual(['box']);
    expect(made.wanted).toEqual([true, true, true, false]);
    expect(names(rows({ types: { ...DEFAULT_TYPE_OPTIONS, unknown: true } }))).toContain('box');
  });

  it('say which columns a binary reader has to select as text', () => {
    expect(rows().asText).toEqual([false, false, true, true]);
  });

  it('leave out columns by the lists, but not from the key', () => {
    const made = rows({ columnExclude: ['public\\.t\\.(id|ip)'] });
    expect(names(made)).toEqual(['code']);
    expect(keyNames(made)).toEqual(['id']);
    expect(made.wanted).toEqual([true, true, false, false]);
  });

  it('have the key that message.key.columns asks for, optional where old images lack it', () => {
    const made = rows({ messageKeys: 'public.t:code,id' });
    expect(keyNames(made)).toEqual(['code', 'id']);
    expect(made.layouts.keySchema?.fields?.map(({ schema }) => schema.optional)).toEqual([true, false]);
    expect(() => rows({ messageKeys: 'public.t:nope' })).toThrow(
      expect.objectContaining({ code: 'POSTGRES_KEY_COLUMN_MISSING', key: 'message.key.columns' }),
    );
  });

  it('take the replica identity for the key where it leaves the key out', () => {
    expect(keyNames(rows({}, { replicaIdentity: 'i', identity: [1] }))).toEqual(['code']);
    expect(keyNames(rows({}, { replicaIdentity: 'f', identity: [0, 1, 2, 3] }))).toEqual(['id']);
    expect(keyNames(rows({}, { replicaIdentity: 'n', identity: [] }))).toEqual(['id']);
  });

  it('mask a column in value and key alike', () => {
    const made = rows({
      columnRules: parseColumnRules({ 'column.mask.with.3.chars': 'public\\.t\\.code' }),
      messageKeys: 'public.t:code',
    });
    expect(made.columns.find(({ name }) => name === 'code')?.constant).toBe('***');
    expect(made.key[0]?.constant).toBe('***');
  });

  it('carry the source’s type where asked', () => {
    const made = rows({ propagateColumns: ['public\\.t\\.code'], propagateTypes: ['public\\.int4'] });
    const parameters = made.columns.map(({ schema }) => schema.parameters?.['__debezium.source.column.type']);
    expect(parameters).toEqual(['INT4', 'TEXT', undefined]);
  });

  it('adjust names as asked', () => {
    const made = rows(
      { schemaNames: 'avro', fieldNames: 'avro' },
      { name: 'a-b', columns: [columnOf(baseType('int4'), { name: 'x-y' })] },
    );
    expect(names(made)).toEqual(['x_y']);
    expect(made.layouts.envelope.name).toBe('p.public.a_b.Envelope');
    expect(made.layouts.create?.topic).toBe('p.public.a-b');
  });
});
