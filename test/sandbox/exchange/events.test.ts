import { describe, expect, test } from 'vitest';
import { createBench, NO, YES } from './harness.ts';

describe('events come in the order of the venue', () => {
  test('an order that rests: placement, then levels of both tokens', async () => {
    const bench = createBench();
    await bench.place('ann', 'BUY', NO, '0.4', '10');
    expect(bench.told()).toEqual([
      'PLACEMENT ann BUY NO 0/10 LIVE',
      'levels YES SELL 0.6 x 10, NO BUY 0.4 x 10',
    ]);
  });

  test('a match: the makers’ updates, the taker’s, the trade, the levels, the print', async () => {
    const bench = createBench();
    await bench.place('ann', 'SELL', YES, '0.59', '5');
    await bench.place('ben', 'SELL', YES, '0.6', '10');
    bench.told();
    await bench.place('cat', 'BUY', YES, '0.6', '8');
    expect(bench.told()).toEqual([
      'UPDATE ann SELL YES 5/5 MATCHED',
      'UPDATE ben SELL YES 3/10 LIVE',
      'UPDATE cat BUY YES 8/8 MATCHED',
      'trade BUY YES 8 at 0.6 with 2: MATCHED',
      'levels YES SELL 0.59 x 0, NO BUY 0.41 x 0, YES SELL 0.6 x 7, NO BUY 0.4 x 7',
      'print BUY YES 8 at 0.6',
    ]);
    await bench.wait(10_000);
    expect(bench.told()).toEqual([
      'trade BUY YES 8 at 0.6 with 2: MINED',
      'trade BUY YES 8 at 0.6 with 2: CONFIRMED',
    ]);
  });

  test('a match with a rest: the taker’s event is its placement', async () => {
    const bench = createBench();
    await bench.place('ann', 'SELL', YES, '0.6', '5');
    bench.told();
    await bench.place('cat', 'BUY', YES, '0.6', '8');
    expect(bench.told()).toEqual([
      'UPDATE ann SELL YES 5/5 MATCHED',
      'PLACEMENT cat BUY YES 5/8 LIVE',
      'trade BUY YES 5 at 0.6 with 1: MATCHED',
      'levels YES BUY 0.6 x 3, NO SELL 0.4 x 3, YES SELL 0.6 x 0, NO BUY 0.4 x 0',
      'print BUY YES 5 at 0.6',
    ]);
  });

  test('a listener that trades on an event is heard after everybody has heard that event', async () => {
    const bench = createBench();
    const heard: string[] = [];
    let answered = false;
    bench.exchange.subscribe((event) => {
      if (event.type !== 'levels' || answered) return;
      answered = true;
      void bench.place('ben', 'SELL', YES, '0.4', '10');
    });
    bench.exchange.subscribe((event) => heard.push(event.type));
    await bench.place('ann', 'BUY', YES, '0.4', '10');
    expect(heard).toEqual(['order', 'levels', 'order', 'order', 'trade', 'levels', 'print']);
  });

  test('what was told stays as it was told', async () => {
    const bench = createBench();
    await bench.place('ann', 'SELL', YES, '0.6', '10');
    const [placement] = bench.events;
    const before = structuredClone(placement);
    await bench.place('ben', 'BUY', YES, '0.6', '10');
    expect(placement).toEqual(before);
  });
});
