export { verifiableSource, verifiableSink } from './connector.ts';
