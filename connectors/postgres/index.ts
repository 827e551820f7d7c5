export { postgresConnector as connector } from './connector.ts';
