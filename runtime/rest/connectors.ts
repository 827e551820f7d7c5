import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MillraceError } from '../record/error.ts';
import { readCreate } from './request-body.ts';
import { queryValues, requestSignal, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';

/** `/connectors`: the list, and new ones. */
export function connectorsResource(app: FastifyInstance, { herder }: RestContext): void {
  const list = async (request: FastifyRequest): Promise<unknown> => {
    const expand = queryValues(request, 'expand');
    if (expand.length === 0) return herder.names();
    const entries = herder.names().map((name) => [
      name,
      {
        ...(expand.includes('status') ? optional('status', () => herder.answers.status(name)) : {}),
        ...(expand.includes('health') ? optional('health', () => herder.answers.health(name)) : {}),
        ...(expand.includes('info') ? optional('info', () => herder.answers.info(name)) : {}),
      },
    ]);
    return Object.fromEntries(entries) as unknown;
  };
  const create = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { name, config, target, offsets } = readCreate(request.body);
    const info = await herder.create(name, config, target, offsets, requestSignal(request));
    reply.code(201).header('location', locationOf(request, name));
    return info;
  };
  resource(app, '/connectors', { GET: list, POST: create });
}

/** A connector may have no status yet, or be deleted meanwhile: then the field is left out. */
function optional(field: string, read: () => unknown): Record<string, unknown> {
  try {
    return { [field]: read() };
  } catch (error) {
    if (error instanceof MillraceError && error.kind === 'missing') return {};
    throw error;
  }
}

/** The address of a connector, as this client reaches it. */
export function locationOf(request: FastifyRequest, name: string): string {
  return `${request.protocol}://${request.host}/connectors/${encodeURIComponent(name)}`;
}
