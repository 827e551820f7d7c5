import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../../connectors/mysql/connection.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { mariadbPlugins } from '../../services/mysql-binaries.ts';
import { MYSQL_VERSIONS, startMysql, type MysqlServer, type MysqlVersion } from '../../services/mysql.ts';

const PASSWORDS = ['secret', 'a longer one with spaces, ünd mehr ✓', `${'x'.repeat(70)}'`];

/** How accounts can be made, by version; `make` takes a password in quotes. */
const PLUGINS: Readonly<Record<MysqlVersion, Readonly<Record<string, (password: string) => string>>>> = {
  // Its build has no TLS, and so no RSA keys.
  'mysql-5.7': {
    mysql_native_password: (password) => `identified with mysql_native_password by ${password}`,
  },
  'mysql-8.0': {
    mysql_native_password: (password) => `identified with mysql_native_password by ${password}`,
    caching_sha2_password: (password) => `identified with caching_sha2_password by ${password}`,
    sha256_password: (password) => `identified with sha256_password by ${password}`,
  },
  'mysql-9.7': {
    caching_sha2_password: (password) => `identified with caching_sha2_password by ${password}`,
    sha256_password: (password) => `identified with sha256_password by ${password}`,
  },
  'mariadb-10.11': {
    mysql_native_password: (password) => `identified via mysql_native_password using password(${password})`,
    ed25519: (password) => `identified via ed25519 using password(${password})`,
  },
  'mariadb-11.8': {
    mysql_native_password: (password) => `identified via mysql_native_password using password(${password})`,
    ed25519: (password) => `identified via ed25519 using password(${password})`,
    parsec: (password) => `identified via parsec using password(${password})`,
  },
};
const LOADED: Readonly<Partial<Record<MysqlVersion, readonly string[]>>> = {
  'mariadb-10.11': ['auth_ed25519'],
  'mariadb-11.8': ['auth_ed25519', 'auth_parsec'],
};

describe.each(MYSQL_VERSIONS)('a login to %s', (version) => {
  let server: MysqlServer | undefined;
  let missing = '';

  beforeAll(async () => {
    const mariadb = version === 'mariadb-10.11' || version === 'mariadb-11.8';
    const plugins = (LOADED[version] ?? []).map((name) => `--plugin-load-add=${name}`);
    const started = await startMysql(version, {
      settings: mariadb ? [...(await mariadbPlugins(version)), ...plugins] : [],
    });
    if ('missing' in started) ({ missing } = started);
    else server = started;
  });

  beforeEach(({ skip }) => skip(missing !== '', missing));

  afterAll(() => server?.stop());

  const logIn = (user: string, password: string, sslMode: 'disabled' | 'required') =>
    openConnection(
      {
        host: '127.0.0.1',
        port: server?.port ?? 0,
        user,
        password,
        sslMode,
        connectTimeoutMs: 5000,
        keepAlive: false,
        initialStatements: [],
      },
      realEnv,
    );

  it.each(Object.keys(PLUGINS[version]))('works in clear, the first time and again: %s', async (plugin) => {
    for (const [i, password] of PASSWORDS.entries()) {
      const user = `${plugin.slice(0, 10)}_${i}`;
      const quoted = `'${password.replaceAll("'", "''")}'`;
      await server?.sql(`create user ${user}@'%' ${PLUGINS[version][plugin]?.(quoted)}`);
      for (let again = 0; again < 2; again++) {
        const connection = await logIn(user, password, 'disabled');
        expect((await connection.one('a test', 'select current_user() as u'))?.['u']).toBe(`${user}@%`);
        await connection.close();
      }
      await expect(logIn(user, `${password}!`, 'disabled')).rejects.toMatchObject({ kind: 'permission' });
    }
  });

  it.for(Object.keys(PLUGINS[version]))('works under TLS: %s', async (plugin, { skip }) => {
    skip(version === 'mariadb-10.11' || version === 'mysql-5.7', 'it has no TLS without certificates of its own');
    const user = `tls_${plugin.slice(0, 10)}`;
    await server?.sql(`create user ${user}@'%' ${PLUGINS[version][plugin]?.("'secret'")}`);
    const connection = await logIn(user, 'secret', 'required');
    expect((await connection.one('a test', "show status like 'Ssl_cipher'"))?.['Value']).not.toBe('');
    await connection.close();
  });
});
