export { fileStreamSource, fileStreamSink } from './connector.ts';
