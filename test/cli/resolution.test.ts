/** The end of a market on the command line: said, shown, explained and reported. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { rain } from '../support/orders.ts';
import { type CliDesk, openHoldingDesk } from './cli-desk.ts';
import { type CliResult, isBuilt } from './cli-process.ts';

if (!isBuilt) console.warn('test/cli/resolution: not built (npm run build): it does not run.');
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let at: CliDesk;

beforeAll(async () => {
  at = await openHoldingDesk();
});
afterAll(() => at.dispose());

async function settled(...args: string[]): Promise<CliResult> {
  await at.desk.trading.settled();
  return at.cli(...args);
}

describe.skipIf(!isBuilt)('a market that a person says has ended', () => {
  test('must add up, and is said once', async () => {
    const why = ['--why', 'the station', '--by', 'ada'];
    const wrong = await at.cli('resolved', 'rain', '--yes', '1', '--no', '1', ...why);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('1 + 1 = 2');
    const said = await at.cli('resolved', 'rain', '--yes', '1', '--no', '0', ...why);
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(said.stdout).toContain('rain is resolved: YES 1, NO 0.');
    const other = await at.cli('resolved', 'rain', '--yes', '0', '--no', '1', ...why);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('YES 1, NO 0');
  });

  test('is shown as redeemable, beside the cash', async () => {
    expect((await settled('positions')).stdout).toMatch(/rain:YES +redeemable at 1 +10 +0 .* 10 /);
    expect((await at.cli('status')).stdout).toMatch(
      /cash +995\n.*\navailable +995\nredeemable +10\n/s,
    );
    expect((await at.cli('explain', at.orderId)).stdout).toContain(
      `a share of ${rain.id} pays 1.\nThe position is redeemable: 0 dollars redeemed, 10 to be redeemed, realised PnL 5.`,
    );
    const { stdout } = await at.cli('report', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ledgerDifference: '0',
      totals: { exits: 1, wins: 1, realizedPnl: '5' },
      end: { cashUsd: '995', redeemableUsd: '10', equityUsd: '1005' },
    });
  });

  test('is redeemed by a word, once', async () => {
    const redeemed = ['redeemed', rain.id, '--why', '0xhash', '--by', 'ada'];
    expect((await at.cli(...redeemed)).stdout).toContain(
      '10 shares of paper:rain:YES are redeemed',
    );
    expect((await at.cli(...redeemed)).stdout).toContain('Nothing of paper:rain:YES is left');
    expect((await settled('positions')).stdout).toMatch(/rain:YES +redeemed at 1 +0 /);
    const { stdout } = await at.cli('report', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ledgerDifference: '0',
      end: { cashUsd: '1005', redeemableUsd: '0', equityUsd: '1005' },
    });
    expect(await at.cli('verify')).toMatchObject({ code: 0 });
  });
});
