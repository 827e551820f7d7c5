/** One request. `path` begins with a slash, its parts encoded, the query included. */
export interface SearchRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  readonly path: string;
  /** JSON, or NDJSON where `ndjson`. */
  readonly body?: string | Buffer;
  readonly ndjson?: boolean;
  /** Most time the answer may take; absent: `read.timeout.ms`. */
  readonly timeoutMs?: number;
}

/** A whole answer, whatever its status. */
export interface SearchAnswer {
  readonly status: number;
  /** Text of the body; empty for HEAD. */
  readonly text: string;
  readonly contentType: string;
  /** Of a redirect. */
  readonly location?: string;
}

/**
 * Speaks HTTP to a search server. Nothing is retried and no redirect is followed here.
 * Where there is no whole answer, `send` throws `ELASTICSEARCH_UNAVAILABLE` (`unavailable`): whether
 * the request was carried out is not known then.
 */
export interface SearchClient {
  /** Its addresses, for people, without credentials. */
  readonly shown: string;
  send(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer>;
  /** Idempotent. */
  close(): Promise<void>;
}
