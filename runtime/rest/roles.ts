import { ROLES, type Role } from '../settings/token-file.ts';

/** Changes that leave configurations and positions as they are. */
const OPERATING = new Set([
  'PUT /connectors/:connector/pause',
  'PUT /connectors/:connector/resume',
  'PUT /connectors/:connector/stop',
  'POST /connectors/:connector/restart',
  'POST /connectors/:connector/tasks/:task/restart',
  'PUT /connectors/:connector/topics/reset',
  'POST /connectors/:connector/deadletters/redrive',
  'DELETE /connectors/:connector/deadletters/jobs/:job',
  'PUT /connector-plugins/:plugin/config/validate',
  'PUT /admin/loggers/:logger',
]);

/** Reading that shows records, somebody's data, or that makes the worker connect somewhere. */
const CLOSER = /\/(?:records|deadletters|samples?|check)(?:\/|$)/;

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The least role for a request. `route`: the pattern that serves it; undefined: none does. What is new is an admin's. */
export function neededRole(method: string, route: string | undefined): Role {
  if (route === undefined) return 'viewer';
  if (READING.has(method)) return CLOSER.test(route) ? 'operator' : 'viewer';
  return OPERATING.has(`${method} ${route}`) ? 'operator' : 'admin';
}

export function mayAct(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Whether a request changes anything: then it is recorded. */
export function isChange(method: string): boolean {
  return !READING.has(method);
}
