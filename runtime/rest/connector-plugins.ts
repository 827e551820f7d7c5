import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readLooseConfig } from './request-body.ts';
import { pathParameter, queryValues, resource } from './resource.ts';
import type { RestContext } from './rest-context.ts';
import { RestError } from './rest-error.ts';

const PLUGINS = 'GET /connector-plugins, or `millrace plugins`, shows those that there are.';

/** `/connector-plugins`: what can be configured, its options, and validation. */
export function connectorPluginsResource(app: FastifyInstance, { herder, plugins }: RestContext): void {
  const list = async (request: FastifyRequest): Promise<unknown> => {
    const all = (queryValues(request, 'connectorsOnly')[0] ?? 'true').toLowerCase() !== 'true';
    const shown = plugins().filter(({ kind }) => all || kind === 'source' || kind === 'sink');
    return shown.map(({ className, kind, version }) => ({ class: className, type: kind, version }));
  };
  const config = async (request: FastifyRequest): Promise<unknown> => {
    const className = pathParameter(request, 'plugin');
    const keys = await herder.gate.pluginConfig(className);
    if (keys === null) throw new RestError(404, `Unknown plugin ${className}.`, { remedy: PLUGINS });
    requireVersion(request, className);
    return keys;
  };
  const requireVersion = (request: FastifyRequest, className: string): void => {
    const [wanted] = queryValues(request, 'version');
    const plugin = plugins().find((one) => one.className === className || one.aliases.includes(className));
    if (wanted === undefined || plugin === undefined || plugin.version === wanted) return;
    throw new RestError(
      400,
      `Plugin ${className} not found that matches the version range [${wanted},${wanted}], available versions: [${plugin.version}]`,
      { key: 'version', remedy: `Leave version out, or ask for ${plugin.version}.` },
    );
  };
  resource(app, '/connector-plugins', { GET: list });
  resource(app, '/connector-plugins/:plugin/config', { GET: config });
  resource(app, '/connector-plugins/:plugin/config/validate', {
    PUT: async (request) => herder.gate.validate(pathParameter(request, 'plugin'), readLooseConfig(request.body)),
  });
}
