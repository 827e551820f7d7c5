/** For the command line, which may not import the contract. */
export { VERSION } from '../connector/version.ts';
