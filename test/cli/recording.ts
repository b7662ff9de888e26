/** A recording of one market made by hand, small enough to know what must happen in it. */

const MARKET = '0xfeed';
const [YES, NO] = ['1001', '1002'];

interface Moment {
  readonly atMs: number;
  /** In hundredths. */
  readonly bid: number;
  readonly ask: number;
}

const text = (hundredths: number): string => (hundredths / 100).toFixed(2);

function book(tokenId: string | undefined, atMs: number, bid: number, ask: number): object {
  return {
    event_type: 'book',
    market: MARKET,
    asset_id: tokenId,
    timestamp: String(atMs),
    bids: [{ price: text(bid), size: '400' }],
    asks: [{ price: text(ask), size: '400' }],
  };
}

/** JSON lines: the books of both outcomes at each moment. */
function recordingText(moments: readonly Moment[]): string {
  return moments
    .map(({ atMs, bid, ask }) =>
      JSON.stringify([book(YES, atMs, bid, ask), book(NO, atMs, 100 - ask, 100 - bid)]),
    )
    .join('\n');
}

/** Climbs into the band of the buying example, rises to its target and stays there. */
export function climbingGame(): string {
  const startMs = 1_800_000_000_000;
  return recordingText(
    Array.from({ length: 40 }, (_, index) => {
      const ask = Math.min(97, 70 + index);
      return { atMs: startMs + index * 1_000, bid: ask - 1, ask };
    }),
  );
}
