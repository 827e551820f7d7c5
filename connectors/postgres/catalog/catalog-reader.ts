/** One result row: column name to the value's text. */
export type TextRow = Readonly<Record<string, string | null>>;

/** What the catalogue needs of a connection: values come back as the server's text. */
export interface CatalogReader {
  /** `doing` names the work in errors: "reading types". */
  query(doing: string, text: string, values?: readonly (string | number | boolean | null)[]): Promise<TextRow[]>;
}
