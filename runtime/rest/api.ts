/** The bodies of the REST API, for those who speak it. */
export type { ConfigInfos } from '../connector/config-def.ts';
export type {
  ConnectorCheck,
  ConnectorInfo,
  ConnectorOffsets,
  ConnectorProfile,
  ConnectorProgress,
  ConnectorStateInfo,
} from '../cluster/answers.ts';
export type { ConnectorHealth } from '../cluster/connector-health.ts';
export type { DeadLetterInfo, DeadLetterList, RedriveJobInfo } from './dead-letter-access.ts';
export { DETAILS_HEADER, errorOf } from './error-details.ts';
export type { Applied, ConnectorPlan, Plan, SampledRecord, SampleReport } from './plan-answers.ts';
export type { ProducedRecord, ProducedRecords } from './hub-records.ts';
export type { Rewind } from './rewind-answers.ts';
export type { ErrorMessage } from './rest-error.ts';
