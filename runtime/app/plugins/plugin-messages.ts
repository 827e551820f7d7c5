import type { Connector } from '../../connector/connector.ts';
import type { OptionSet, RawConfig } from '../../connector/options.ts';
import type { PackedError } from '../../record/packed-error.ts';
import type { PluginPackage } from './plugin-package.ts';

/** What a connector says of itself: plain data, all that the main thread has of it. */
export interface PluginDeclaration {
  readonly kind: Connector['kind'];
  readonly className: string;
  readonly version: string;
  readonly options: OptionSet;
  readonly exactlyOnce: boolean;
  readonly takesSeveralPerOffset: boolean;
  /** Optional methods that it has. */
  readonly methods: readonly PluginMethod[];
}

export const PLUGIN_METHODS = [
  'validate',
  'check',
  'destroy',
  'alterOffsets',
  'sample',
  'rewind',
  'preview',
  'rewindFrom',
] as const;
export type PluginMethod = (typeof PLUGIN_METHODS)[number];

/** What a plugin thread is started with. */
export interface PluginThreadData {
  readonly className: string;
  readonly plugin: Omit<PluginPackage, 'entry'> & { readonly entry: string };
}

export interface PluginCall {
  readonly id: number;
  readonly method: PluginMethod | 'plan';
  readonly name: string;
  readonly config: RawConfig;
  /** What the method takes beside. */
  readonly more: readonly unknown[];
}

export type ToPluginThread =
  | { readonly kind: 'call'; readonly call: PluginCall }
  | { readonly kind: 'abort'; readonly id: number };

export type FromPluginThread =
  | { readonly kind: 'declared'; readonly declaration: PluginDeclaration }
  | { readonly kind: 'failed'; readonly error: PackedError }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: PackedError }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: string;
    };
