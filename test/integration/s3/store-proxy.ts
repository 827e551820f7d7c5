import { faultProxy, type FaultProxy, type HttpFault } from '../../services/fault-proxy.ts';

type StoreFault =
  | Exclude<HttpFault, { kind: 'answer' }>
  | { readonly kind: 'answer'; readonly status: number; readonly code: string };

/** Stands between the sink and an object store, whose errors are XML. */
export function storeProxy(target: string, decide: (method: string, path: string) => StoreFault): Promise<FaultProxy> {
  return faultProxy(target, ({ method, url }) => {
    const fault = decide(method ?? '', url ?? '');
    if (fault.kind !== 'answer') return fault;
    const text = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>from the test</Message></Error>`;
    return { kind: 'answer', status: fault.status, type: 'application/xml', text };
  });
}
