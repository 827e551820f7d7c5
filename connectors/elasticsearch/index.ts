export { elasticsearchSink as connector } from './connector.ts';
