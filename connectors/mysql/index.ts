export { mysqlConnector as connector } from './connector.ts';
