export { s3Sink as connector } from './connector.ts';
