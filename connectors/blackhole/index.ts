export { blackholeSink as connector } from './connector.ts';
