import { MillraceError } from '../record/error.ts';

/** A connector, a task or a status that does not exist, in Connect's words for it. */
export function connectorMissing(message: string): MillraceError {
  return new MillraceError('CONNECTOR_NOT_FOUND', message, {
    kind: 'missing',
    remedy: '`millrace connectors list` shows the connectors, `millrace connectors status` the tasks of one.',
  });
}

export function connectorNotFound(name: string): MillraceError {
  return connectorMissing(`Connector ${name} not found`);
}

export function connectorExists(name: string): MillraceError {
  return new MillraceError('CONNECTOR_EXISTS', `Connector ${name} already exists`, {
    kind: 'conflict',
    remedy: 'Choose another name, or replace its configuration (`millrace apply`).',
  });
}

export function connectorNotStopped(name: string): MillraceError {
  const message = `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`;
  return new MillraceError('CONNECTOR_NOT_STOPPED', message, {
    kind: 'config',
    remedy: `Stop it first: \`millrace connectors stop ${name}\`.`,
  });
}
