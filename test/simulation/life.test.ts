import { describe, expect, test } from 'vitest';
import { Life } from './life.ts';
import type { CrashAt } from './options.ts';
import { createTrace } from './trace.ts';

function lifeThat(crashes: (step: number) => CrashAt['when'] | undefined = () => undefined) {
  const done: string[] = [];
  const life = new Life({
    number: 1,
    steps: { count: 0 },
    trace: createTrace(0),
    now: () => 0,
    crashAt: crashes,
  });
  return { life, done, act: (name: string) => life.call(name, () => done.push(name)) };
}

describe('a process', () => {
  test('that dies before a step has not done it, and does nothing more', () => {
    const { life, done, act } = lifeThat((step) => (step === 2 ? 'before' : undefined));
    for (const name of ['a', 'b', 'c']) act(name);
    expect(done).toEqual(['a']);
    expect(life.isAlive).toBe(false);
  });

  test('that dies after a step has done it', () => {
    const { done, act } = lifeThat((step) => (step === 2 ? 'after' : undefined));
    for (const name of ['a', 'b', 'c']) act(name);
    expect(done).toEqual(['a', 'b']);
  });

  test('that is dead hears no answer', async () => {
    const { life, done } = lifeThat();
    let answer: (value: string) => void = () => undefined;
    const asked = new Promise<string>((resolve) => {
      answer = resolve;
    });
    void life.promise('ask', () => asked).then((value) => done.push(value));
    life.kill('for the test');
    answer('too late');
    await asked;
    await Promise.resolve();
    expect(done).toEqual([]);
  });

  test('that stands still hears everything later, in order', () => {
    const { life, done } = lifeThat();
    life.freeze();
    for (const name of ['a', 'b']) life.deliver(name, () => done.push(name));
    expect(done).toEqual([]);
    life.thaw();
    expect(done).toEqual(['a', 'b']);
  });

  test('that is killed while it stands still hears nothing of it', () => {
    const { life, done } = lifeThat();
    life.freeze();
    life.deliver('a', () => done.push('a'));
    life.kill('for the test');
    life.thaw();
    expect(done).toEqual([]);
  });
});
