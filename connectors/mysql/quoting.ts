/** A name in backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A literal for statements that take no expression; our sessions read backslashes as escapes (`sql_mode` is empty). */
export function plainLiteral(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** A text literal; safe under every sql_mode, since it has neither quotes nor backslashes. */
export function quoteText(text: string): string {
  return text === '' ? "''" : `CONVERT(0x${Buffer.from(text, 'utf8').toString('hex')} USING utf8mb4)`;
}
