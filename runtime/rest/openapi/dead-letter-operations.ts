import type { Operations } from './operations.ts';

const own = { tag: 'connectors', own: true, errors: [400, 404] } as const;
const text = (name: string, description: string) => ({ name, description, schema: { type: 'string' } });
const filters = [
  text('error', 'Part of the error’s code or message, or a stage.'),
  text('key', 'The key as it is shown.'),
  text('from', 'Failed from here on: ISO 8601 or epoch milliseconds.'),
  text('to', 'Failed before.'),
];

/** Endpoints of dead letters by path and method. */
export const deadLetterOperations: Operations = {
  '/connectors/{connector}/deadletters': {
    get: {
      ...own,
      summary: 'Its dead letters, oldest first',
      query: [
        ...filters,
        { name: 'limit', description: '', schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 } },
        { name: 'all', description: 'Those that are done, too.', schema: { type: 'boolean', default: false } },
      ],
      answers: { 200: 'DeadLetters' },
    },
  },
  '/connectors/{connector}/deadletters/{topic}/{partition}/{offset}': {
    get: {
      ...own,
      summary: 'One dead letter',
      query: [{ name: 'stack', description: 'With its stack.', schema: { type: 'boolean', default: false } }],
      answers: { 200: 'DeadLetter' },
    },
  },
  '/connectors/{connector}/deadletters/redrive': {
    post: {
      ...own,
      errors: [400, 404, 409],
      summary: 'Has its tasks process dead letters again',
      body: 'RedriveRequest',
      answers: { 202: 'RedriveJob' },
    },
  },
  '/connectors/{connector}/deadletters/discard': {
    post: {
      ...own,
      errors: [400, 404, 409],
      summary: 'Gives dead letters up',
      body: 'RedriveRequest',
      answers: { 202: 'RedriveJob' },
    },
  },
  '/connectors/{connector}/deadletters/jobs': {
    get: { ...own, summary: 'Redrives so far, oldest first', answers: { 200: ['RedriveJob'] } },
  },
  '/connectors/{connector}/deadletters/jobs/{job}': {
    get: { ...own, summary: 'How far one is', answers: { 200: 'RedriveJob' } },
    delete: { ...own, summary: 'Cancels it; what is done stays done', answers: { 200: 'RedriveJob' } },
  },
};
