/** What third-party connectors import as `millrace/conformance`: the contract as tests, for any test runner. */
export type { ConformanceCase } from './conformance-case.ts';
export { silentContext } from './silent-context.ts';
export { sinkConformance } from './sink-conformance.ts';
export type { SinkDriver, SinkSetting } from './sink-driver.ts';
export { sourceConformance } from './source-conformance.ts';
export type { SeenRecord, SourceDriver, SourceUpstream } from './source-driver.ts';
export { realEnv } from '../../env/real.ts';
