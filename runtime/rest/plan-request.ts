import type { ApplyRequest, PlannedConnector, PlanRequest } from './plan-answers.ts';
import { checkedName, readConfigOf, readFields } from './request-body.ts';
import { RestError } from './rest-error.ts';

const PLAN_FIELDS = ['connectors', 'prune', 'sample', 'check'];
const APPLY_FIELDS = ['connectors', 'prune', 'hash'];
/** Records of a sample, where none is asked for, and at most. */
const SAMPLE = 100;
const MOST = 10_000;

export function readPlan(body: unknown): PlanRequest {
  const fields = readFields(body, 'a JSON object with connectors', PLAN_FIELDS);
  const { sample = SAMPLE } = fields;
  if (typeof sample !== 'number' || !Number.isInteger(sample) || sample < 0 || sample > MOST) {
    throw new RestError(400, `sample must be a whole number from 0 to ${MOST}`, { key: 'sample' });
  }
  return { ...readConnectors(fields), sample, check: flagOf(fields, 'check', true) };
}

export function readApply(body: unknown): ApplyRequest {
  const fields = readFields(body, 'a JSON object with connectors and hash', APPLY_FIELDS);
  const { hash } = fields;
  if (typeof hash !== 'string' || hash === '') {
    const remedy = 'Give the hash that POST /plan answered.';
    throw new RestError(400, 'hash must be the hash of a plan', { key: 'hash', remedy });
  }
  return { ...readConnectors(fields), hash };
}

type Fields = Readonly<Record<string, unknown>>;

function readConnectors(fields: Fields): { connectors: readonly PlannedConnector[]; prune: boolean } {
  const { connectors } = fields;
  if (!Array.isArray(connectors))
    throw new RestError(400, 'connectors must be an array of {name, config}', { key: 'connectors' });
  return { connectors: connectors.map(readConnector), prune: flagOf(fields, 'prune', false) };
}

function readConnector(entry: unknown): PlannedConnector {
  const { name, config } = typeof entry === 'object' && entry !== null ? (entry as Fields) : {};
  if (typeof name !== 'string' || name === '')
    throw new RestError(400, 'a connector must have a name', { key: 'name' });
  return { name: checkedName(name), config: readConfigOf(config, `the config of ${name}`) };
}

function flagOf(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields[name] ?? fallback;
  if (typeof value === 'boolean') return value;
  throw new RestError(400, `${name} must be true or false`, { key: name });
}
