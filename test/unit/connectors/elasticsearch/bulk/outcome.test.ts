import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../../../../connectors/elasticsearch/bulk/outcome.ts';
import type { OperationKind } from '../../../../../connectors/elasticsearch/document/operation.ts';
import { operation } from './operation.ts';

interface Item {
  readonly status: number;
  readonly type?: string;
  readonly reason?: string;
}

describe('an item of an answer', () => {
  test.each<[string, OperationKind, Item]>([
    ['done', 'index', { status: 200 }],
    ['done', 'delete', { status: 404 }],
    ['done', 'create', { status: 409, type: 'version_conflict_engine_exception' }],
    ['newer', 'index', { status: 409, type: 'version_conflict_engine_exception' }],
    ['newer', 'delete', { status: 409, type: 'version_conflict_engine_exception' }],
    ['retry', 'patch', { status: 409, type: 'version_conflict_engine_exception' }],
    ['absent', 'patch', { status: 404, type: 'document_missing_exception' }],
    ['retry', 'index', { status: 429, type: 'es_rejected_execution_exception' }],
    ['retry', 'index', { status: 503, type: 'unavailable_shards_exception' }],
    ['retry', 'index', { status: 500, type: 'internal' }],
    ['malformed', 'index', { status: 400, type: 'document_parsing_exception', reason: 'failed to parse field [n]' }],
    ['malformed', 'index', { status: 400, type: 'strict_dynamic_mapping_exception' }],
    [
      'stop',
      'patch',
      { status: 400, type: 'illegal_argument_exception', reason: 'script_lang not supported [painless]' },
    ],
    ['stop', 'index', { status: 403, type: 'cluster_block_exception', reason: 'index [i] blocked' }],
    ['stop', 'index', { status: 403, type: 'security_exception' }],
    ['missing', 'index', { status: 404, type: 'index_not_found_exception' }],
    ['stop', 'index', { status: 400, type: 'index_closed_exception', reason: 'closed' }],
    ['stop', 'delete', { status: 400, type: 'index_closed_exception', reason: 'closed' }],
    [
      'stop',
      'index',
      {
        status: 400,
        type: 'illegal_argument_exception',
        reason: 'no write index is defined for alias [a]. The write index may be',
      },
    ],
    [
      'stop',
      'index',
      { status: 400, type: 'illegal_argument_exception', reason: 'pipeline with id [p] does not exist' },
    ],
    [
      'stop',
      'index',
      {
        status: 400,
        type: 'validation_exception',
        reason: 'this cluster currently has [9]/[1] maximum normal shards open;',
      },
    ],
    ['missing', 'delete', { status: 404, type: 'index_not_found_exception' }],
  ])('is %s for %s where the server says %j', (kind, of, { status, type, reason = '' }) => {
    const action = of === 'patch' ? 'update' : of;
    const item = { status, ...(type === undefined ? {} : { error: { type, reason } }) };
    expect(outcomeOf(operation(1, of), { [action]: item }).kind).toBe(kind);
  });

  test('of a full disk is told from a write block', () => {
    const told = (reason: string): unknown => {
      const item = { index: { status: 429, error: { type: 'cluster_block_exception', reason } } };
      const outcome = outcomeOf(operation(1), item);
      return 'error' in outcome ? [outcome.error.code, outcome.error.kind] : outcome.kind;
    };
    expect(told('disk usage exceeded flood-stage watermark, index has read-only-allow-delete block')).toEqual([
      'ELASTICSEARCH_DISK_FULL',
      'full',
    ]);
    expect(told('blocked by: [FORBIDDEN/8/index write (api)]')).toEqual(['ELASTICSEARCH_INDEX_READ_ONLY', 'busy']);
  });
});
