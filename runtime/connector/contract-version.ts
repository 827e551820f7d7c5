/**
 * Version of the contract between the runtime and connectors: what `millrace.contract` in a
 * third-party connector's package.json must say. It grows when a connector written before would no longer run.
 */
export const CONTRACT_VERSION = 1;
