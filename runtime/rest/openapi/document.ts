import { BODIES } from './bodies.ts';
import { OPERATIONS, type Operation } from './operations.ts';

const ERROR = { $ref: '#/components/schemas/Error' };

/** The REST API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0). */
export function openApiDocument(): object {
  const paths = Object.entries(OPERATIONS).map(([path, methods]): [string, object] => [
    path,
    {
      ...pathParameters(path),
      ...Object.fromEntries(
        Object.entries(methods).map(([method, operation]) => [method, described(method, path, operation)]),
      ),
    },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace REST API',
      version: '1',
      summary: "Kafka Connect's REST API and what millrace adds to it, marked x-millrace.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8083' }],
    paths: Object.fromEntries(paths),
    // The empty one: a worker on loopback may ask for nothing.
    security: [{}, { token: [] }, { basic: [] }],
    components: {
      schemas: BODIES,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `millrace token create`.' },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'A user of millrace.rest.basic.file, or any with a token.',
        },
      },
    },
  };
}

function pathParameters(path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  if (names.length === 0) return {};
  return {
    parameters: names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: name === 'task' ? { type: 'integer', minimum: 0 } : { type: 'string' },
    })),
  };
}

function described(
  method: string,
  path: string,
  { summary, tag, query, body, answers, errors, own }: Operation,
): object {
  const given = Object.entries(answers).map(([status, name]): [string, object] => [status, answer(name)]);
  const failed = (errors ?? []).map((status): [string, object] => [
    `${status}`,
    { description: 'Refused.', content: { 'application/json': { schema: ERROR } } },
  ]);
  return {
    operationId: operationId(method, path),
    summary,
    tags: [tag],
    ...(own === undefined ? {} : { 'x-millrace': true }),
    ...(query === undefined ? {} : { parameters: query.map((parameter) => ({ ...parameter, in: 'query' })) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } }),
    responses: {
      ...Object.fromEntries([...given, ...failed]),
      default: { description: 'Any other error.', content: { 'application/json': { schema: ERROR } } },
    },
  };
}

function answer(name: Operation['answers'][number]): object {
  if (name === null) return { description: 'Done.' };
  if (name === 'text') return { description: 'Done.', content: { 'text/plain': { schema: { type: 'string' } } } };
  const schema = typeof name === 'string' ? reference(name) : { type: 'array', items: reference(name[0]) };
  return { description: 'Done.', content: { 'application/json': { schema } } };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

/** `getConnectorsConnectorStatus` */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method, ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}
