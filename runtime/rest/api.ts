/** The bodies of the REST API, for those who speak it. */
export type { ConfigInfos, ConfigKeyInfo, ConfigValueInfo } from '../connector/config-def.ts';
export type {
  CheckAnswer,
  ConnectorCheck,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorOffsets,
  ConnectorProgress,
  ConnectorStateInfo,
  TaskInfo,
  TaskStateInfo,
} from '../cluster/answers.ts';
export type { ErrorMessage } from './rest-error.ts';
