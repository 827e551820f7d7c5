export { generatorSource as connector } from './connector.ts';
