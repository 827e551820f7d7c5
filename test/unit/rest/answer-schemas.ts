import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../runtime/rest/openapi/document.ts';
import { OPERATIONS } from '../../../runtime/rest/openapi/operations.ts';

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ ...openApiDocument(), $id: 'http://localhost/openapi.json' });

const PATHS = Object.keys(OPERATIONS).map((path) => ({
  path,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** What an answer has that its OpenAPI operation does not allow; null: nothing, or the document does not describe it. */
export function violation(method: string, url: string, status: number, body: string): string | null {
  const path = url.replace(/\?.*$/, '').replace(/(.)\/$/, '$1');
  const found = PATHS.find(({ pattern }) => pattern.test(path))?.path;
  const methods = found === undefined ? undefined : OPERATIONS[found];
  const operation = Object.entries(methods ?? {}).find(([one]) => one === method.toLowerCase())?.[1];
  if (operation === undefined) return status >= 400 && body !== '' ? mismatch('Error', JSON.parse(body)) : null;
  const answer = operation.answers[status];
  if (answer === undefined) {
    if (status < 400) return `status ${status} is not described`;
    return mismatch('Error', JSON.parse(body));
  }
  if (answer === null) return body === '' ? null : 'a body that is not described';
  if (answer === 'text') return null;
  const parsed: unknown = JSON.parse(body);
  if (typeof answer === 'string') return mismatch(answer, parsed);
  if (!Array.isArray(parsed)) return 'is no list';
  return parsed.map((one) => mismatch(answer[0], one)).find((one) => one !== null) ?? null;
}

function mismatch(name: string, value: unknown): string | null {
  const validate = ajv.getSchema(`http://localhost/openapi.json#/components/schemas/${name}`);
  if (validate === undefined) return `there is no schema ${name}`;
  return validate(value) === true ? null : `${name}: ${ajv.errorsText(validate.errors)}`;
}
