import { option, type OptionPattern } from '../connector/options.ts';

const rest = 'REST';
const secrets = 'Secrets';

/** Options for who may use REST, and for secrets. */
export const accessOptions = {
  'millrace.rest.tokens.file': option.string({
    doc: 'File of bearer tokens as `millrace token create` writes it: names, roles (viewer, operator, admin) and hashes. With it every request needs a token. Changes count within a second.',
    group: rest,
    importance: 'HIGH',
    optional: true,
    minLength: 1,
  }),
  'millrace.rest.basic.file': option.string({
    doc: 'Properties file of user=password for HTTP Basic authentication, as the PropertyFileLoginModule of Kafka Connect’s BasicAuthSecurityRestExtension reads it. Its users are admins. Changes count within a second.',
    group: rest,
    optional: true,
    minLength: 1,
  }),
  'rest.extension.classes': option.list({
    doc: 'Accepted from Kafka Connect. Its BasicAuthSecurityRestExtension needs millrace.rest.basic.file here; others have no effect.',
    group: rest,
    importance: 'LOW',
    default: [],
  }),
  'millrace.rest.unauthenticated': option.boolean({
    doc: 'Whether REST may listen beyond loopback without authentication: whoever reaches it may then run connectors and read what this worker can read.',
    group: rest,
    default: false,
  }),
  'millrace.rest.requests.per.second': option.int({
    doc: 'Most requests a second of one token, or of one address where there is no authentication; twice as many at once. More are answered 429 with Retry-After. 0: without limit.',
    group: rest,
    importance: 'LOW',
    default: 1000,
    minimum: 0,
  }),
  'millrace.rest.request.timeout.ms': option.long({
    doc: 'Milliseconds a client may take to send a whole request.',
    group: rest,
    importance: 'LOW',
    default: 60000,
    minimum: 1000,
  }),
  'millrace.rest.header.bytes': option.int({
    doc: 'Largest headers in bytes REST accepts.',
    group: rest,
    importance: 'LOW',
    default: 16384,
    minimum: 1024,
  }),
  'millrace.rest.connections': option.int({
    doc: 'Most connections to one listener of REST at a time.',
    group: rest,
    importance: 'LOW',
    default: 1024,
    minimum: 1,
  }),
  'millrace.audit.file': option.string({
    doc: 'File that gets a line of JSON for each change asked for through REST, and for each request that was refused: who, what, when, from where, with which outcome. Without it these lines stand in the log, as channel audit.',
    group: rest,
    optional: true,
    minLength: 1,
  }),
  'millrace.config.secret.file': option.string({
    doc: 'File of 32-byte keys, each in base64 or hexadecimal on a line of its own: secrets in connector configurations are encrypted with the first one before they are stored (AES-256-GCM), and read with any. `millrace secret create` writes one.',
    group: secrets,
    importance: 'HIGH',
    optional: true,
    minLength: 1,
  }),
  'millrace.config.reload.interval.ms': option.long({
    doc: 'Milliseconds between looks at the files that configurations refer to: where one has changed, connectors that use it restart, unless their config.action.reload is none. 0: never.',
    group: secrets,
    importance: 'LOW',
    default: 5000,
    minimum: 0,
  }),
};

const PEM = 'listeners.https.ssl.* admin.listeners.https.ssl.*';

/** Connect's settings for REST over TLS; those without the prefix count where there are none with it. */
export const accessFamilies: readonly OptionPattern[] = [
  {
    key: /^(?:(?:admin\.)?listeners\.https\.)?ssl\.(?:(?:key|truststore|keystore)\.password|keystore\.key)$/,
    shown: 'listeners.https.ssl.{key,keystore,truststore}.password listeners.https.ssl.keystore.key',
    schema: option.password({ doc: 'Secrets of REST over TLS.', optional: true, importance: 'LOW' }),
  },
  {
    key: /^(?:admin\.)?listeners\.https\.ssl\.[a-z0-9._-]+$/,
    shown: PEM,
    schema: option.string({
      doc: 'TLS of REST: keystore.type=PEM or PKCS12, keystore.location or keystore.key and keystore.certificate.chain, truststore.location or truststore.certificates, client.auth, enabled.protocols, cipher.suites.',
      optional: true,
      importance: 'LOW',
    }),
  },
];
