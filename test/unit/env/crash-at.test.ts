import { describe, expect, test, vi } from 'vitest';
import { crashAt } from '../../../runtime/env/crash-at.ts';

describe('crash points', () => {
  test('there is none without a setting', () => {
    expect(crashAt(undefined, () => undefined)).toBeUndefined();
    expect(crashAt(' ', () => undefined)).toBeUndefined();
  });

  test('kills at the first passage, or at the one that was named, of this point only', () => {
    const kill = vi.fn();
    const first = crashAt('source.after_append', kill);
    first?.('source.before_append');
    expect(kill).not.toHaveBeenCalled();
    first?.('source.after_append');
    expect(kill).toHaveBeenCalledOnce();
    const third = crashAt('sink.after_write:3', kill);
    for (let i = 0; i < 2; i++) third?.('sink.after_write');
    expect(kill).toHaveBeenCalledOnce();
    third?.('sink.after_write');
    expect(kill).toHaveBeenCalledTimes(2);
  });

  test('refuses a passage that is no number', () => {
    expect(() => crashAt('x:y', () => undefined)).toThrow('name[:n]');
  });
});
