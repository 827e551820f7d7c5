import { MillraceError } from '../record/error.ts';

export function connectorMissing(message: string): MillraceError {
  return new MillraceError('CONNECTOR_NOT_FOUND', message, { kind: 'missing' });
}

export function connectorExists(name: string): MillraceError {
  return new MillraceError('CONNECTOR_EXISTS', `Connector ${name} already exists`, { kind: 'conflict' });
}

export function connectorNotStopped(name: string): MillraceError {
  const message = `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`;
  return new MillraceError('CONNECTOR_NOT_STOPPED', message, { kind: 'config' });
}
