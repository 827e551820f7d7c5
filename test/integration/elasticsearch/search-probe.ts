export interface FoundDocument {
  readonly index: string;
  readonly id: string;
  readonly source: Record<string, unknown>;
}

/** Looks at a search server from outside the connector, and sets it up for tests. */
export class SearchProbe {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** All documents, by id. */
  async documents(index: string): Promise<FoundDocument[]> {
    const { status } = await this.call('POST', `/${index}/_refresh`);
    if (status === 404) return [];
    const found: FoundDocument[] = [];
    let page = await this.call('POST', `/${index}/_search?scroll=1m`, { size: 5000, sort: ['_doc'] });
    for (;;) {
      const { hits, _scroll_id: next } = page.body as {
        readonly hits?: { readonly hits: { _index: string; _id: string; _source: Record<string, unknown> }[] };
        readonly _scroll_id?: string;
      };
      if (hits === undefined) throw new Error(`searching ${index}: ${JSON.stringify(page.body)}`);
      for (const { _index, _id, _source } of hits.hits) found.push({ index: _index, id: _id, source: _source });
      if (hits.hits.length === 0) break;
      page = await this.call('POST', '/_search/scroll', { scroll: '1m', scroll_id: next });
    }
    return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The index, or those behind the alias, or those that a pattern means. */
  async removeBehind(name: string): Promise<void> {
    const { status, body } = await this.call('GET', `/${name}/_alias`);
    if (status === 200) for (const index of Object.keys(body as object)) await this.remove(index);
  }

  async remove(index: string): Promise<void> {
    await this.call('DELETE', `/${index}`);
  }
}
