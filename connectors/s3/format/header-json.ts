import { isUtf8 } from 'node:buffer';
import { writeBase64 } from '../../../runtime/record/base64.ts';
import type { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writeJsonString, writeJsonText } from '../../../runtime/record/json-text.ts';
import type { RawHeader } from '../../../runtime/record/record.ts';

/**
 * Headers in their order: `[{"key":"a","value":"text"},{"key":"b","base64":"…"}]`. A value that is
 * UTF-8 stands as text, any other in base64, so that every byte can be restored.
 */
export function writeHeaders(writer: ByteWriter, headers: readonly RawHeader[]): void {
  let between = '[';
  for (const { key, value } of headers) {
    writer.ascii(`${between}{"key":`);
    writeJsonString(writer, key);
    if (value === null) {
      writer.ascii(',"value":null}');
    } else if (isUtf8(value)) {
      writer.ascii(',"value":');
      writeJsonText(writer, value, 0, value.length);
      writer.ascii('}');
    } else {
      writer.ascii(',"base64":"');
      writeBase64(writer, value, 0, value.length);
      writer.ascii('"}');
    }
    between = ',';
  }
  writer.ascii(headers.length === 0 ? '[]' : ']');
}
