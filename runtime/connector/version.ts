/** This build's version, that of its built-in connectors and converters too; a test holds it against package.json. */
export const VERSION = '0.1.0';
