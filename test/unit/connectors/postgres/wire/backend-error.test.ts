import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import {
  BackendError,
  postgresError,
  readBackendFields,
} from '../../../../../connectors/postgres/wire/backend-error.ts';

const body = Buffer.from('SERROR\0VERROR\0C42501\0Mpermission denied for table t\0DOnly owners may.\0HAsk one.\0\0');

function coded(code: string, message = 'no'): Error {
  return Object.assign(new Error(message), { code });
}

describe('errors of the server', () => {
  test('are read from their fields, and say all of them', () => {
    const fields = readBackendFields(body, 0, body.length);
    expect(fields).toEqual({
      code: '42501',
      message: 'permission denied for table t',
      detail: 'Only owners may.',
      hint: 'Ask one.',
    });
    expect(new BackendError(fields).message).toBe('permission denied for table t. Only owners may. Ask one');
    expect(readBackendFields(Buffer.from('C4'), 0, 2)).toEqual({ code: 'XX000', message: 'unknown error' });
  });

  test.each([
    ['57P01', 'POSTGRES_UNAVAILABLE', 'unavailable'],
    ['57P03', 'POSTGRES_UNAVAILABLE', 'unavailable'],
    ['53300', 'POSTGRES_OUT_OF_RESOURCES', 'unavailable'],
    ['08006', 'POSTGRES_UNAVAILABLE', 'unavailable'],
    ['40001', 'POSTGRES_CONFLICT', 'unavailable'],
    ['28P01', 'POSTGRES_AUTHENTICATION', 'permission'],
    ['28000', 'POSTGRES_AUTHENTICATION', 'permission'],
    ['3D000', 'POSTGRES_DATABASE_MISSING', 'config'],
    ['42501', 'POSTGRES_PERMISSION', 'permission'],
    ['42704', 'POSTGRES_OBJECT_MISSING', 'missing'],
    ['55000', 'POSTGRES_SLOT_UNUSABLE', 'position'],
    ['55006', 'POSTGRES_SLOT_BUSY', 'busy'],
    ['55P03', 'POSTGRES_LOCK_TIMEOUT', 'busy'],
    ['ECONNREFUSED', 'POSTGRES_UNAVAILABLE', 'unavailable'],
    ['ENOTFOUND', 'POSTGRES_UNAVAILABLE', 'unavailable'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'POSTGRES_TLS', 'config'],
    ['CERT_HAS_EXPIRED', 'POSTGRES_TLS', 'config'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'POSTGRES_TLS', 'config'],
    ['22012', 'POSTGRES_ERROR', 'bug'],
  ])('%s becomes %s', (code, expected, kind) => {
    const cause = coded(code);
    expect(postgresError('asking', cause)).toMatchObject({ code: expected, kind, message: 'asking: no', cause });
  });

  test('a role that is not there is no matter of pg_hba.conf', () => {
    const refused = (message: string) => postgresError('connecting', coded('28000', message)).remedy;
    expect(refused('role "bob" does not exist')).toMatch(/^Correct database\.user, or CREATE ROLE/);
    expect(refused('role "bob" is not permitted to log in')).toMatch(/^ALTER ROLE … LOGIN/);
    expect(refused('no pg_hba.conf entry for host "::1"')).toMatch(/pg_hba\.conf/);
  });

  test('a connection that ended is one that may come back; ours stay what they are', () => {
    expect(postgresError('reading', new Error('Connection terminated unexpectedly')).kind).toBe('unavailable');
    const own = new MillraceError('X_Y', 'z', { kind: 'position' });
    expect(postgresError('reading', own)).toBe(own);
  });
});
