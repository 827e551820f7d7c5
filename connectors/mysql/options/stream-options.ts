import { streamOptions as sharedOptions } from '../../../runtime/change/options/stream-options.ts';

/** How the stream behaves. */
export const streamOptions = sharedOptions('Stream', 'The offset moves without them.');
