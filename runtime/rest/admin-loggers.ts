import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { levelName } from '../observe/logger-levels.ts';
import { readLevel } from './request-body.ts';
import { pathParameter, queryValues, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { RestError } from './rest-error.ts';

const LEVEL = {
  key: 'level',
  remedy: 'Give {"level": …} with one of ALL, TRACE, DEBUG, INFO, WARN, ERROR, FATAL, OFF.',
};
const LOGGERS = 'GET /admin/loggers, or `millrace loggers`, shows those that have a level.';

/** `/admin/loggers`: levels of this worker's loggers, or with `?scope=cluster` of all workers'. */
export function adminLoggersResource(app: FastifyInstance, { loggers, clusterLevel, log }: RestContext): void {
  const set = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const name = pathParameter(request, 'logger');
    const word = readLevel(request.body);
    if (word === null) throw new RestError(400, "Desired 'level' parameter was not specified in request.", LEVEL);
    const level = levelName(word);
    if (level === null) throw new RestError(404, `invalid log level '${word}'.`, LEVEL);
    const scope = queryValues(request, 'scope')[0]?.toLowerCase() ?? 'worker';
    if (scope === 'cluster') {
      await clusterLevel(name, level);
      return reply.code(204).send();
    }
    if (scope !== 'worker') log.warn('a log level was set with an unknown scope: worker is taken', { scope });
    return loggers.set(name, level);
  };
  resource(app, '/admin/loggers', { GET: async () => Object.fromEntries(loggers.all()) });
  resource(app, '/admin/loggers/:logger', {
    GET: async (request) => {
      const name = pathParameter(request, 'logger');
      const found = loggers.get(name);
      if (found === null) throw new RestError(404, `Logger ${name} not found.`, { remedy: LOGGERS });
      return found;
    },
    PUT: set,
  });
}
