/** Double entry: every turn that moves money is one row, and the row balances. */
import { describe, expect, test } from 'vitest';
import type { Facts } from '../../src/actors/facts.ts';
import { createPostings } from '../../src/actors/postings.ts';
import type { PostingRow } from '../../src/actors/store-port.ts';
import { withClient } from '../support/database.ts';
import { until, untilState } from '../support/desk.ts';
import { place, useFloor } from '../support/floor.ts';

const floor = useFloor();

type Amounts = Omit<PostingRow, 'accountId' | 'atMs' | 'kind' | 'seq'>;

async function posted(): Promise<Amounts[]> {
  const names = ['cash', 'reserved', 'shares', 'fees', 'pnl', 'external'];
  const columns = names.map((name) => `trim_scale(${name}_usd)::text as "${name}Usd"`).join(', ');
  return withClient(floor.fresh, async (client) => {
    const answer = await client.query<Amounts>(`select ${columns} from postings order by seq`);
    return answer.rows;
  });
}

const NOTHING = {
  ...{ cashUsd: '0', reservedUsd: '0', sharesUsd: '0' },
  ...{ feesUsd: '0', pnlUsd: '0', externalUsd: '0' },
};

describe('a life of trading', () => {
  test('is told in balanced rows: deposit, reservation, fill, fee, profit, failure on chain', async () => {
    const desk = await floor.start();
    const bought = await place(desk);
    const fill = { size: '10', settlement: 'confirmed', feeUsd: '0.02' } as const;
    floor.venue.fill({ ...fill, venueOrderId: `0x${bought}` });
    await untilState(desk.trading, bought, 'matched');
    const sold = await place(desk, { side: 'SELL', price: '0.6' });
    const sale = {
      tradeId: 'sale',
      venueOrderId: `0x${sold}`,
      side: 'SELL',
      price: '0.6',
    } as const;
    floor.venue.fill({ ...sale, size: '10', feeUsd: '0', settlement: 'matched' });
    await untilState(desk.trading, sold, 'matched');
    floor.venue.fill({ ...sale, size: '10', feeUsd: '0', settlement: 'failed' });
    await until(async () => (await desk.trading.order(sold))?.settlement === 'failed');
    await desk.trading.settled();
    const [deposit, reserved, ...rest] = await posted();
    expect(deposit).toEqual({ ...NOTHING, cashUsd: '1000', externalUsd: '-1000' });
    const heldUsd = reserved?.reservedUsd ?? '';
    expect(reserved).toEqual({ ...NOTHING, cashUsd: `-${heldUsd}`, reservedUsd: heldUsd });
    expect(rest).toMatchObject([
      // The whole reservation is free again: 5 dollars bought shares, 2 cents were the fee.
      { reservedUsd: `-${heldUsd}`, sharesUsd: '5', feesUsd: '0.02', pnlUsd: '0' },
      { ...NOTHING, cashUsd: '6', sharesUsd: '-5', pnlUsd: '-1' },
      { ...NOTHING, cashUsd: '-6', sharesUsd: '5', pnlUsd: '1' },
    ]);
  });
});

test('a turn that does not balance ends the engine, and nothing of it is written', async () => {
  const desk = await floor.start();
  const { registry } = desk.trading.execution;
  const rows: PostingRow[] = [];
  const facts: Pick<Facts, 'posting'> = { posting: (row) => void rows.push(row) };
  const postings = createPostings({ facts, registry, now: { seq: 7, atMs: 1 } });
  postings.move({ cashUsd: '1', feesUsd: '-0.999999' });
  expect(() => postings.endTurn(true, true)).toThrow('The ledger does not balance after a turn.');
  // What has been said of one turn is not carried into the next.
  postings.endTurn(true, true);
  expect(rows).toEqual([]);
});
