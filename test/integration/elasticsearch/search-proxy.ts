import { faultProxy, type FaultProxy, type HttpFault } from '../../services/fault-proxy.ts';

/** Stands between the sink and a search server. `decide` is asked for each bulk, with its number from 0. */
export function searchProxy(target: string, decide: (bulk: number, bytes: number) => HttpFault): Promise<FaultProxy> {
  let bulks = 0;
  return faultProxy(target, ({ url, headers }) =>
    url?.startsWith('/_bulk') === true ? decide(bulks++, Number(headers['content-length'] ?? 0)) : { kind: 'pass' },
  );
}
