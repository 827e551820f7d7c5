/* Commands that ask for the binlog. */

const REGISTER = 21;
const DUMP = 18;
const DUMP_GTID = 30;
/** MariaDB: also send ANNOTATE_ROWS events, which hold the statement. */
const SEND_ANNOTATE = 2;
/** An end in place of waiting for more. */
const NON_BLOCK = 1;

/** COM_REGISTER_SLAVE: shows us in SHOW REPLICAS, and refuses no one. */
export function registerCommand(serverId: number): Buffer {
  const command = Buffer.alloc(18);
  command[0] = REGISTER;
  command.writeUInt32LE(serverId, 1);
  // Host, user and password are empty; port, rank and master id are 0.
  return command;
}

/** COM_BINLOG_DUMP from a place in a file; MariaDB ignores it where `@slave_connect_state` is set. */
export function dumpCommand(serverId: number, file: string, position: number, annotate: boolean): Buffer {
  return fileCommand(serverId, file, position, annotate ? SEND_ANNOTATE : 0);
}

/** The same for one who is no replica, and disturbs none: the server ends it where its binlog ends. */
export function scanCommand(file: string, position: number): Buffer {
  return fileCommand(0, file, position, NON_BLOCK);
}

function fileCommand(serverId: number, file: string, position: number, flags: number): Buffer {
  const head = Buffer.alloc(11);
  head[0] = DUMP;
  head.writeUInt32LE(position, 1);
  head.writeUInt16LE(flags, 5);
  head.writeUInt32LE(serverId, 7);
  return Buffer.concat([head, Buffer.from(file, 'utf8')]);
}

/** COM_BINLOG_DUMP_GTID: everything that is not in the set, in MySQL's binary form of it. */
export function dumpGtidCommand(serverId: number, set: Buffer): Buffer {
  const head = Buffer.alloc(1 + 2 + 4 + 4 + 8 + 4);
  head[0] = DUMP_GTID;
  // THROUGH_GTID: the set counts, not the place.
  head.writeUInt16LE(4, 1);
  head.writeUInt32LE(serverId, 3);
  head.writeUInt32LE(0, 7);
  head.writeBigUInt64LE(4n, 11);
  head.writeUInt32LE(set.length, 19);
  return Buffer.concat([head, set]);
}
