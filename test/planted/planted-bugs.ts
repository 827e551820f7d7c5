import { accessBugs } from './bugs/access.ts';
import { archiveBugs } from './bugs/archive.ts';
import { elasticsearchBugs } from './bugs/elasticsearch.ts';
import { hubBugs } from './bugs/hub.ts';
import { mysqlHistoryBugs } from './bugs/mysql-history.ts';
import { mysqlBugs } from './bugs/mysql.ts';
import { postgresBugs } from './bugs/postgres.ts';
import { taskBugs } from './bugs/task.ts';
import type { PlantedBug } from './planted-bug.ts';

/** In the order they are planted. How to add one: `docs/decisions/20261125-planted-bugs.md`. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...taskBugs,
  ...postgresBugs,
  ...mysqlBugs,
  ...mysqlHistoryBugs,
  ...hubBugs,
  ...archiveBugs,
  ...elasticsearchBugs,
  ...accessBugs,
];
