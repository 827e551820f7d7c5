import { option } from '../../../runtime/connector/options.ts';

const group = 'Connection';

/** How to reach the server. */
export const connectionOptions = {
  'database.hostname': option.string({
    doc: 'Host name or address of the server, or the path of its Unix socket (begins with /).',
    importance: 'HIGH',
    group,
    displayName: 'Hostname',
    minLength: 1,
  }),
  'database.port': option.int({
    doc: 'Port of the server.',
    importance: 'HIGH',
    group,
    displayName: 'Port',
    default: 3306,
    minimum: 1,
    maximum: 65535,
  }),
  'database.user': option.string({
    doc: 'Account to connect as. It needs REPLICATION SLAVE, REPLICATION CLIENT (MariaDB: BINLOG MONITOR), and SELECT on the captured tables.',
    importance: 'HIGH',
    group,
    displayName: 'User',
    minLength: 1,
  }),
  'database.password': option.password({
    doc: 'Password of the account.',
    importance: 'HIGH',
    group,
    displayName: 'Password',
    default: '',
  }),
  'database.server.id': option.long({
    doc: 'Number that this connector has among the replicas of the server: unlike all of theirs and the server’s own.',
    importance: 'HIGH',
    group,
    displayName: 'Server id',
    minimum: 1,
    maximum: 4_294_967_295,
  }),
  'database.ssl.mode': option.oneOf(['disabled', 'preferred', 'required', 'verify_ca', 'verify_identity'], {
    doc: 'disabled: in clear. preferred: encrypted where the server can. required: always encrypted. verify_ca: the certificate must be signed by a known CA. verify_identity: and name the host.',
    group,
    displayName: 'SSL mode',
    default: 'preferred',
  }),
  'millrace.database.ssl.ca': option.string({
    doc: 'PEM file with the CA certificates to trust; by default those of Node.',
    group,
    displayName: 'SSL CA certificates',
    optional: true,
  }),
  'millrace.database.ssl.cert': option.string({
    doc: 'PEM file with the client certificate.',
    group,
    displayName: 'SSL client certificate',
    optional: true,
  }),
  'millrace.database.ssl.key': option.string({
    doc: 'PEM file with the private key of the client certificate.',
    group,
    displayName: 'SSL client key',
    optional: true,
  }),
  'connect.timeout.ms': option.int({
    doc: 'Longest time to connect, in milliseconds.',
    group,
    displayName: 'Connection timeout',
    default: 30_000,
    minimum: 1,
  }),
  'connect.keep.alive': option.boolean({
    doc: 'Whether TCP keepalive is on.',
    group,
    displayName: 'Keep alive',
    default: true,
  }),
  'connect.keep.alive.interval.ms': option.long({
    doc: 'The server says that it is there when it had nothing to send for so long, in milliseconds; three times that without a word is a lost connection.',
    importance: 'LOW',
    group,
    displayName: 'Keep alive interval',
    default: 10_000,
    minimum: 100,
    maximum: 1_000_000,
  }),
  'database.initial.statements': option.string({
    doc: 'SQL run on every connection but the binlog’s after it is made; several statements are separated by a semicolon (two for a semicolon inside one).',
    importance: 'LOW',
    group,
    displayName: 'Initial statements',
    optional: true,
  }),
};
