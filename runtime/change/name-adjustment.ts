/** `schema.name.adjustment.mode` and `field.name.adjustment.mode`. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode';

/**
 * Makes a name valid for Avro: `[A-Za-z_][A-Za-z0-9_]*`, and for schema names several of them with
 * dots between. `avro` puts `_` in place of each wrong character, `avro_unicode` its code as
 * `_uXXXX`, so that different names stay different.
 */
export function adjustName(name: string, mode: NameAdjustment, kind: 'schema' | 'field'): string {
  if (mode === 'none') return name;
  const wrong = mode === 'avro_unicode' ? /[^A-Za-z0-9]/g : /[^A-Za-z0-9_]/g;
  const stand = (found: string): string =>
    mode === 'avro' ? '_' : `_u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const part = (text: string): string => {
    const made = text.replace(wrong, stand);
    return /^[0-9]/.test(made) ? (mode === 'avro' ? `_${made}` : stand(made) + made.slice(1)) : made;
  };
  return kind === 'field' ? part(name) : name.split('.').map(part).join('.');
}
