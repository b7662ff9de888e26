import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createVirtualClock } from '../../../../src/adapters/clock/virtual-clock.ts';
import {
  createMarkets,
  MARKET_REFRESH_MS,
  REREAD_MS,
} from '../../../../src/adapters/venues/polymarket/markets.ts';
import { until } from '../../../support/until.ts';
import { restTo, serve, type Told } from './rest-harness.ts';

const START = 1_790_000_000_000;
const A = `0x${'ab'.repeat(32)}`;
const B = `0x${'cd'.repeat(32)}`;

interface Described {
  clob: Record<string, unknown>;
  gamma: Record<string, unknown>;
}

function described(first: number, changes: Partial<Described> = {}): Described {
  const ids = [String(first), String(first + 1)];
  return {
    clob: {
      ...{ t: ids.map((t) => ({ t, o: 'Yes' })), mos: 5, mts: 0.01, nr: false },
      ...{ fd: { r: 0.05, e: 1, to: true }, ao: true, itode: false },
      ...changes.clob,
    },
    gamma: { version: 'v1', clobTokenIds: JSON.stringify(ids), ...changes.gamma },
  };
}

/** Markets of a venue whose answers can be changed while it runs. */
async function marketsOf(world: Record<string, Described>, conditionIds = [A, B]) {
  const clock = createVirtualClock(START);
  let failing = false;
  /** Said once in the place of an answer about A. */
  let slip: Told | undefined;
  let tick: Told = { body: { minimum_tick_size: 0.001 } };
  const server = await serve(({ url }) => {
    if (failing) return { status: 500 };
    if (slip !== undefined && url.includes(A)) {
      const told = slip;
      slip = undefined;
      return told;
    }
    const { pathname, searchParams } = new URL(url, 'http://x');
    if (pathname === '/tick-size') return tick;
    if (pathname === '/markets') {
      const body = searchParams.getAll('condition_ids').flatMap((conditionId) => {
        const row = world[conditionId]?.gamma;
        return row === undefined ? [] : [{ conditionId, ...row }];
      });
      return { body };
    }
    const row = world[pathname.split('/').at(-1) ?? '']?.clob;
    return row === undefined ? { status: 404 } : { body: row };
  });
  const { rest } = restTo(server.url, clock);
  const log: string[] = [];
  const markets = createMarkets({
    ...{ rest, gamma: rest, clock, venue: 'polymarket', conditionIds },
    log: (_level, message, facts) => log.push(`${message} ${JSON.stringify(facts)}`),
  });
  onTestFinished(() => markets.stop());
  /**
   * Goes to the next reading and to those that follow because it made no sense, and waits until they
   * are over: then all that waits is the one after them.
   */
  const refresh = async (rereads = 0) => {
    await clock.advanceTo(clock.nextAt() ?? clock.now());
    for (let left = rereads; left > 0; left -= 1) {
      const atMs = clock.now() + REREAD_MS;
      await until(() => clock.nextAt() === atMs);
      await clock.advanceTo(atMs);
    }
    await until(() => clock.nextAt() === clock.now() + MARKET_REFRESH_MS);
  };
  return {
    ...{ markets, clock, server, log, refresh },
    fail: (isFailing: boolean) => {
      failing = isFailing;
    },
    slipOnce: (told: Told) => {
      slip = told;
    },
    tellTick: (told: Told) => {
      tick = told;
    },
  };
}

describe('at the start', () => {
  test('every market has two instruments with the venue’s rules', async () => {
    const { markets } = await marketsOf({
      [A]: described(71),
      [B]: described(81, {
        clob: { nr: true, mts: 0.001, mos: 15, fd: { r: 0, e: 0, to: false }, sd: 3, v: 'v2' },
        gamma: { version: 'v2', positionIds: ['81', '82'] },
      }),
    });
    await markets.start();
    expect(markets.instrument(`polymarket:${A}:NO`)).toEqual({
      ...{
        id: `polymarket:${A}:NO`,
        venue: 'polymarket',
        marketId: A,
        tokenId: '72',
        outcome: 'NO',
      },
      ...{ tickSize: '0.01', minimumOrderSize: '5', takerDelayMs: 0, negRisk: false },
      fees: { rate: '0.05', exponent: 1, takerOnly: true },
    });
    expect(markets.instrument(`polymarket:${B}:YES`)).toMatchObject({
      ...{ tokenId: '81', tickSize: '0.001', minimumOrderSize: '15', takerDelayMs: 3_000 },
      ...{ negRisk: true, fees: { rate: '0' } },
    });
    expect(markets.ofToken('71')).toMatchObject({ conditionId: A, orderVersion: 2 });
    expect(markets.ofToken('82')).toMatchObject({ conditionId: B, orderVersion: 3 });
    expect(markets.instrumentOf('82')?.id).toBe(`polymarket:${B}:NO`);
    expect(markets.instruments()).toHaveLength(4);
  });

  test('itode is a delay of a quarter of a second', async () => {
    const { markets } = await marketsOf({ [A]: described(71, { clob: { itode: true } }) });
    await markets.start();
    expect(markets.instrument(`polymarket:${A}:YES`)?.takerDelayMs).toBe(250);
  });

  interface Case {
    readonly rule: string;
    readonly changes: Partial<Described>;
    readonly reason: RegExp;
  }
  const cases: readonly Case[] = [
    { rule: 'no version', changes: { gamma: { version: undefined } }, reason: /version.*v1 or v2/ },
    { rule: 'an unknown version', changes: { gamma: { version: 'v9' } }, reason: /version.*"v9"/ },
    {
      rule: 'two versions at once',
      changes: { clob: { v: 'v2' } },
      reason: /\.v: got "v2", expected v1/,
    },
    {
      rule: 'other tokens at the CLOB',
      changes: { clob: { t: [{ t: '1' }, { t: '2' }] } },
      reason: /as Gamma says/,
    },
    {
      rule: 'tokens the other way round',
      changes: { clob: { t: [{ t: '72' }, { t: '71' }] } },
      reason: /as Gamma says/,
    },
    {
      rule: 'a tick size that nobody documents',
      changes: { clob: { mts: 0.02 } },
      reason: /mts.*0\.02/,
    },
    { rule: 'no tick size', changes: { clob: { mts: null } }, reason: /mts/ },
    { rule: 'no minimum size', changes: { clob: { mos: undefined } }, reason: /mos/ },
    { rule: 'no fees anywhere', changes: { clob: { fd: null } }, reason: /fee schedule/ },
    { rule: 'a delay that is none', changes: { clob: { sd: -1 } }, reason: /sd/ },
  ];
  test.each(cases)(
    'a market with $rule is refused by name, and the others are there',
    async ({ changes, reason }) => {
      const { markets, log } = await marketsOf({ [A]: described(71, changes), [B]: described(81) });
      await markets.start();
      expect(markets.haltReason(A)).toMatch(reason);
      expect(markets.halted).toEqual({ [A]: expect.stringMatching(reason) });
      expect(log.join()).toContain(A);
      expect(markets.instruments()).toHaveLength(2);
    },
  );

  test('fees that only Gamma knows are taken from there', async () => {
    const { markets } = await marketsOf({
      [A]: described(71, { clob: { fd: undefined }, gamma: { feesEnabled: false } }),
    });
    await markets.start();
    expect(markets.instrument(`polymarket:${A}:YES`)?.fees.rate).toBe('0');
  });

  test('Gamma is asked for twenty markets at once', async () => {
    const ids = Array.from({ length: 21 }, (_, index) => `0x${String(index + 10).repeat(32)}`);
    const world = Object.fromEntries(ids.map((id, index) => [id, described(71 + 2 * index)]));
    const { markets, server } = await marketsOf(world, ids);
    await markets.start();
    expect(markets.instruments()).toHaveLength(42);
    const lists = server.asked.filter(({ url }) => url.startsWith('/markets?'));
    const counts = lists.map(({ url }) => url.split('condition_ids=').length - 1);
    expect(counts).toEqual([20, 1]);
  });

  test('a list that makes no sense refuses nobody: each market is asked for alone', async () => {
    const { markets, slipOnce } = await marketsOf({ [A]: described(71), [B]: described(81) });
    slipOnce({ body: '<html>one moment</html>' });
    await markets.start();
    expect(markets.halted).toEqual({});
    expect(markets.instruments()).toHaveLength(4);
  });

  test('none at all is a fault', async () => {
    const { markets } = await marketsOf({});
    await expect(markets.start()).rejects.toMatchObject({ code: 'unknown_instrument' });
  });

  test('a venue that does not answer is asked three times, then the start fails', async () => {
    const { markets, clock, fail, server } = await marketsOf({ [A]: described(71) });
    fail(true);
    let failed: unknown;
    const starting = markets.start().catch((fault: unknown) => {
      failed = fault;
    });
    for (let tries = 0; tries < 20_000 && failed === undefined; tries += 1) {
      await sleep(1);
      await clock.advanceTo(clock.now() + 50);
    }
    await starting;
    expect(failed).toMatchObject({ code: 'venue_unknown' });
    expect(server.asked.filter(({ url }) => url.includes(A))).toHaveLength(3);
  });
});

describe('while it runs', () => {
  async function running(
    world: Record<string, Described> = { [A]: described(71), [B]: described(81) },
  ) {
    const all = await marketsOf(world);
    await all.markets.start();
    const tick = () => all.markets.instrument(`polymarket:${A}:NO`)?.tickSize;
    return { ...all, world, tick };
  }

  test('nothing is read when markets are asked for', async () => {
    const { markets, server } = await running();
    const before = server.asked.length;
    markets.instruments();
    markets.ofToken('71');
    markets.instrument('polymarket:nowhere:YES');
    expect(server.asked).toHaveLength(before);
  });

  test('markets are read again in the background', async () => {
    const { refresh, world, tick } = await running();
    world[A] = described(71, { clob: { mts: 0.001 } });
    await refresh();
    expect(tick()).toBe('0.001');
  });

  test('a reading that fails changes nothing and is counted', async () => {
    const { refresh, fail, markets, tick } = await running();
    fail(true);
    await refresh();
    expect(tick()).toBe('0.01');
    expect(markets.failedReads).toBe(2);
    fail(false);
    await refresh();
    expect(markets.failedReads).toBe(2);
  });

  test.each<[string, Told, number]>([
    ['a page in the place of JSON', { body: '<html>one moment</html>' }, 0],
    ['a description without a version', { body: [{ conditionId: A }] }, 1],
  ])('%s, once, halts nothing: it is read again at once', async (_what, told, rereads) => {
    const { refresh, slipOnce, markets, world, tick } = await running();
    world[A] = described(71, { clob: { mts: 0.001 } });
    slipOnce(told);
    await refresh(rereads);
    expect(markets.halted).toEqual({});
    expect(tick()).toBe('0.001');
  });

  test('a market that makes no sense for long takes no orders until it does', async () => {
    const { refresh, markets, world, tick, log } = await running();
    world[A] = described(71, { clob: { mts: 0.02 } });
    await refresh(2);
    expect(markets.haltReason(A)).toMatch(/mts.*0\.02/);
    expect(tick()).toBe('0.01');
    world[A] = described(71, { clob: { mts: 0.001 } });
    await refresh();
    expect(markets.halted).toEqual({});
    expect(tick()).toBe('0.001');
    expect(log.at(-1)).toMatch(/takes orders again/);
  });

  test('a halt for another reason outlasts every reading', async () => {
    const { refresh, markets } = await running();
    markets.halt(A, 'order_version_mismatch');
    await refresh();
    expect(markets.halted).toEqual({ [A]: 'order_version_mismatch' });
  });

  test('a told tick size counts at once for both outcomes, and an older reading does not undo it', async () => {
    const { markets, clock, refresh, tick } = await running();
    await clock.advanceTo(START + MARKET_REFRESH_MS - 30_000);
    markets.onTickSize('71', '0.001');
    expect(tick()).toBe('0.001');
    expect(markets.ofToken('72')?.tickSize).toBe('0.001');
    await refresh();
    expect(markets.failedReads).toBe(0);
    expect(tick()).toBe('0.001');
  });

  test('a tick size that nobody documents halts the market, and one of another token means nothing', async () => {
    const { markets, tick } = await running();
    markets.onTickSize('999', '0.3');
    expect(markets.halted).toEqual({});
    markets.onTickSize('71', '0.3');
    expect(markets.haltReason(A)).toMatch(/0\.3/);
    expect(tick()).toBe('0.01');
  });

  test('the tick size can be asked for, and a failure changes nothing', async () => {
    const { markets, tick, tellTick } = await running();
    await markets.refreshTick('72');
    expect(tick()).toBe('0.001');
    tellTick({ status: 500 });
    await markets.refreshTick('72');
    expect(markets.failedReads).toBe(1);
  });

  test.each([
    ['other tokens', described(91)],
    ['another version', described(71, { gamma: { version: 'v2', positionIds: ['71', '72'] } })],
    ['another contract', described(71, { clob: { nr: true } })],
  ])('a market that suddenly has %s is halted and its instruments stay', async (_rule, now) => {
    const { markets, refresh, world } = await running();
    world[A] = now;
    await refresh();
    expect(markets.haltReason(A)).toMatch(/than before/);
    expect(markets.instrument(`polymarket:${A}:YES`)?.tokenId).toBe('71');
  });
});

test('a condition id that is none is refused', () => {
  const make = () =>
    createMarkets({
      ...{ rest: restTo('http://127.0.0.1:1').rest, gamma: restTo('http://127.0.0.1:1').rest },
      ...{
        clock: createVirtualClock(START),
        venue: 'p',
        conditionIds: ['12'],
        log: () => undefined,
      },
    });
  expect(make).toThrow(/64 \(or 62\) hex digits/);
});
