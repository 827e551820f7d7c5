import packageJson from '../../package.json' with { type: 'json' };

/** This build's version. */
export const VERSION: string = packageJson.version;
