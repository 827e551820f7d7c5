import { option } from '../../../runtime/connector/options.ts';

const group = 'Connection';

/** How to reach the database. */
export const connectionOptions = {
  'database.hostname': option.string({
    doc: 'Host name or address of the server, or the directory of its Unix socket (a path that begins with /).',
    importance: 'HIGH',
    group,
    displayName: 'Hostname',
    minLength: 1,
  }),
  'database.port': option.int({
    doc: 'Port of the server; also part of the Unix socket’s name.',
    importance: 'HIGH',
    group,
    displayName: 'Port',
    default: 5432,
    minimum: 1,
    maximum: 65535,
  }),
  'database.user': option.string({
    doc: 'Role to connect as. It needs REPLICATION, and SELECT on the captured tables.',
    importance: 'HIGH',
    group,
    displayName: 'User',
    minLength: 1,
  }),
  'database.password': option.password({
    doc: 'Password of the role; empty: the server asks for none.',
    importance: 'HIGH',
    group,
    displayName: 'Password',
    default: '',
  }),
  'database.dbname': option.string({
    doc: 'Database to capture. A slot belongs to one database.',
    importance: 'HIGH',
    group,
    displayName: 'Database',
    minLength: 1,
  }),
  'database.sslmode': option.oneOf(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'], {
    doc: 'As in libpq. disable: in clear. allow, prefer: encrypted where the server can. require: always encrypted; the certificate is verified only with database.sslrootcert. verify-ca: the certificate must be signed by a known CA. verify-full: and name the host.',
    group,
    displayName: 'SSL mode',
    default: 'prefer',
  }),
  'database.sslrootcert': option.string({
    doc: 'PEM file with the CA certificates to trust; by default those of Node.',
    group,
    displayName: 'SSL Root Certificate',
    optional: true,
  }),
  'database.sslcert': option.string({
    doc: 'PEM file with the client certificate.',
    group,
    displayName: 'SSL Client Certificate',
    optional: true,
  }),
  'database.sslkey': option.string({
    doc: 'PEM file with the private key of the client certificate.',
    group,
    displayName: 'SSL Client Key',
    optional: true,
  }),
  'database.sslpassword': option.password({
    doc: 'Password of that key.',
    group,
    displayName: 'SSL Client Key Password',
    optional: true,
  }),
  'database.tcpKeepAlive': option.boolean({
    doc: 'Whether TCP keepalive is on.',
    group,
    displayName: 'TCP keep-alive probe',
    default: true,
  }),
  'database.initial.statements': option.string({
    doc: 'SQL run on every ordinary connection after it is made; several statements are separated by a semicolon (two for a semicolon inside one). Not on replication connections.',
    importance: 'LOW',
    group,
    displayName: 'Initial statements',
    optional: true,
  }),
  'database.query.timeout.ms': option.int({
    doc: 'Longest time of a statement in milliseconds, snapshots aside; 0: no limit.',
    importance: 'LOW',
    group,
    displayName: 'Query timeout',
    default: 600_000,
    minimum: 0,
  }),
  'connection.validation.timeout.ms': option.long({
    doc: 'Longest time to connect, in milliseconds.',
    importance: 'LOW',
    group,
    displayName: 'Connection timeout',
    default: 60_000,
    minimum: 1,
  }),
};
