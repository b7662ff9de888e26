import { describe, expect, test } from 'vitest';
import { orderReportOf } from '../../../../src/adapters/venues/polymarket/attribution.ts';
import { parseOrder } from '../../../../src/adapters/venues/polymarket/user-wire.ts';
import { orderId, orderMessage } from './user-fixtures.ts';

describe('the report of an order', () => {
  const REST = { type: undefined, event_type: undefined, timestamp: undefined };
  const killed = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.";

  test.each<[string, object, object]>([
    ['a placement rests', {}, { status: 'live', sizeMatched: '0', rawStatus: 'LIVE' }],
    [
      'a placement without a status rests',
      { status: undefined },
      { status: 'live', rawStatus: 'PLACEMENT' },
    ],
    [
      'an update of a part rests on',
      { type: 'UPDATE', size_matched: '4' },
      { status: 'live', sizeMatched: '4' },
    ],
    [
      'an update of the whole is a match',
      { type: 'UPDATE', size_matched: '10' },
      { status: 'matched' },
    ],
    [
      'an update without a status goes by its size',
      { type: 'UPDATE', status: null, size_matched: '10' },
      { status: 'matched', rawStatus: 'UPDATE' },
    ],
    [
      'MATCHED of the whole is a match',
      { type: 'UPDATE', status: 'MATCHED', size_matched: '10' },
      { status: 'matched' },
    ],
    [
      'more than the whole is a match',
      { type: 'UPDATE', status: 'MATCHED', size_matched: '10.012345' },
      { status: 'matched', sizeMatched: '10.012345' },
    ],
    [
      'dust does not keep an order alive',
      { type: 'UPDATE', status: 'MATCHED', original_size: '100', size_matched: '99.997714' },
      { status: 'matched', sizeMatched: '99.997714' },
    ],
    [
      'MATCHED of a part, just hit, rests on',
      { type: 'UPDATE', status: 'MATCHED', size_matched: '4' },
      { status: 'live', sizeMatched: '4' },
    ],
    [
      'MATCHED of a part at REST was cancelled',
      { ...REST, status: 'ORDER_STATUS_MATCHED', size_matched: '4' },
      { status: 'cancelled', sizeMatched: '4', rawStatus: 'MATCHED' },
    ],
    [
      'MATCHED of a part of an order that never rests is over',
      { type: 'UPDATE', order_type: 'FAK', status: 'MATCHED', size_matched: '4' },
      { status: 'cancelled' },
    ],
    [
      'MATCHED of nothing at REST is a question',
      { ...REST, status: 'MATCHED', size_matched: '' },
      { status: 'unrecognised', rawStatus: 'MATCHED' },
    ],
    [
      'MATCHED of nothing yet, on the stream, is alive',
      { status: 'MATCHED', size_matched: '0' },
      { status: 'live' },
    ],
    ['MATCHED at REST', { ...REST, status: 'MATCHED', size_matched: '10' }, { status: 'matched' }],
    ['LIVE at REST', { ...REST, size_matched: '3' }, { status: 'live', sizeMatched: '3' }],
    [
      'a cancellation keeps what was matched',
      { type: 'CANCELLATION', status: 'CANCELED', size_matched: '4' },
      { status: 'cancelled', sizeMatched: '4' },
    ],
    [
      'a cancellation of the whole keeps its size: the legs decide',
      { type: 'CANCELLATION', status: 'CANCELED', size_matched: '10' },
      { status: 'cancelled', sizeMatched: '10' },
    ],
    [
      'a cancellation that says MATCHED is one',
      { type: 'CANCELLATION', status: 'MATCHED', size_matched: '4' },
      { status: 'cancelled', sizeMatched: '4' },
    ],
    [
      'a cancellation with a status nobody knows is one',
      { type: 'CANCELLATION', status: 'VANISHED' },
      { status: 'cancelled', rawStatus: 'VANISHED' },
    ],
    [
      'an update that says CANCELED is a cancellation',
      { type: 'UPDATE', status: 'CANCELED', size_matched: '4' },
      { status: 'cancelled', sizeMatched: '4' },
    ],
    [
      'a killed FOK comes with empty numbers and a sentence',
      { type: 'CANCELLATION', order_type: 'FOK', status: killed, size_matched: '', created_at: '' },
      {
        status: 'cancelled',
        sizeMatched: '0',
        rawStatus: killed,
        reason: killed.slice('CANCELED_'.length),
      },
    ],
    [
      'a GTD order that ran out is told as a cancellation',
      { type: 'CANCELLATION', order_type: 'GTD', status: 'CANCELED', expiration: '1725841800' },
      { status: 'cancelled' },
    ],
    [
      'a resolved market ends its orders',
      { ...REST, status: 'ORDER_STATUS_CANCELED_MARKET_RESOLVED' },
      { status: 'cancelled', rawStatus: 'CANCELED_MARKET_RESOLVED', reason: 'market resolved' },
    ],
    [
      'the venue cancels by INVALID',
      { type: 'CANCELLATION', status: 'INVALID' },
      { status: 'cancelled', reason: 'invalid' },
    ],
    ['INVALID at REST was refused', { ...REST, status: 'INVALID' }, { status: 'rejected' }],
    [
      'INVALID with a part matched was ended',
      { ...REST, status: 'INVALID', size_matched: '1' },
      { status: 'cancelled', sizeMatched: '1' },
    ],
    ['DELAYED', { status: 'DELAYED' }, { status: 'delayed' }],
    ['UNMATCHED after the delay rests', { ...REST, status: 'UNMATCHED' }, { status: 'live' }],
    [
      'UNMATCHED of an order that never rests is over',
      { ...REST, status: 'UNMATCHED_no match', order_type: 'FAK' },
      { status: 'cancelled', reason: 'no match' },
    ],
    [
      'UNMATCHED with a reason is a question',
      { ...REST, status: 'UNMATCHED_something' },
      { status: 'unrecognised', rawStatus: 'UNMATCHED_something' },
    ],
    [
      'a status nobody knows keeps its text',
      { type: 'UPDATE', status: 'ORDER_STATUS_PAUSED' },
      { status: 'unrecognised', rawStatus: 'PAUSED' },
    ],
    ['no status at all', { ...REST, status: null }, { status: 'unrecognised', rawStatus: '' }],
  ])('%s', (_, change, expected) => {
    const { type, ...rest } = orderMessage(change);
    const order = parseOrder(type === undefined ? rest : { type, ...rest });
    expect(orderReportOf(order)).toMatchObject({ venueOrderId: orderId('a1'), ...expected });
  });

  test("its time is the venue's, else when it was seen, else when the order was made", () => {
    const timed = parseOrder(orderMessage());
    const untimed = parseOrder(orderMessage(REST));
    expect(orderReportOf(timed, 5).atMs).toBe(1_725_841_743_272);
    expect(orderReportOf(untimed, 5).atMs).toBe(5);
    expect(orderReportOf(untimed).atMs).toBe(1_725_841_741_000);
  });
});
