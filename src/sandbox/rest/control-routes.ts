/** For whoever tests with the sandbox, from any language: faults, markets, settlement, the whole truth. */
import type { SignatureType } from '../../adapters/venues/polymarket/protocol/order-types.ts';
import { FillwrightFault } from '../../domain/faults.ts';
import type { Accounts } from '../accounts.ts';
import type { Exchange, Hex, Micros, SettlementRules } from '../exchange/types.ts';
import type { FaultHandle, Faults } from '../faults/fault-set.ts';
import { microsText, ONE_MICROS, parseMicros } from '../numbers.ts';
import { type Fields, fieldsOf } from '../stream/messages.ts';
import { orderRow, tradeRow } from '../wire.ts';
import { type Answer, ok, openTo, type Route, refusal, type SandboxRequest } from './answer.ts';

export interface ControlRouteParts {
  readonly exchange: Exchange;
  readonly accounts: Accounts;
  readonly faults: Faults;
  /** @throws {InvalidValue} for a market that does not exist. */
  readonly conditionOf: (name: string, place: string) => Hex;
}

export function controlRoutes(parts: ControlRouteParts): readonly Route[] {
  const { faults, exchange } = parts;
  return [
    openTo('POST', '/sandbox/faults', ({ json }) => attempt(() => faultRow(faults.read(json)))),
    openTo('GET', '/sandbox/faults', () => ok(faults.list().map(faultRow))),
    openTo('DELETE', '/sandbox/faults', ({ query }) => {
      const id = query.get('id');
      if (id === null) faults.clear();
      else
        faults
          .list()
          .find((fault) => fault.id === id)
          ?.remove();
      return ok(faults.list().map(faultRow));
    }),
    openTo('POST', '/sandbox/resolve', ({ json }) => attempt(() => resolve(parts, json))),
    openTo('POST', '/sandbox/tick-size', ({ json }) =>
      attempt(() => {
        const { market, tickSize } = fieldsOf(json) ?? {};
        exchange.setTickSize(parts.conditionOf(String(market), 'market'), String(tickSize));
        return { market, tickSize };
      }),
    ),
    openTo('POST', '/sandbox/settlement', ({ json }) =>
      attempt(() => {
        exchange.settlement = { ...exchange.settlement, ...settlementOf(fieldsOf(json) ?? {}) };
        return exchange.settlement;
      }),
    ),
    openTo('POST', '/sandbox/deposit', ({ json }) => attempt(() => deposit(parts, json))),
    openTo('GET', '/sandbox/ledger', (request) => ok(ledger(parts, request))),
  ];
}

/** What is wrong with a wish is told in the fault's own words. */
function attempt(work: () => unknown): Answer {
  try {
    return ok(work());
  } catch (fault) {
    if (fault instanceof FillwrightFault) return refusal(400, fault.message);
    throw fault;
  }
}

function faultRow({ id, rule, hits }: FaultHandle) {
  return { id, hits, rule };
}

/** Dollars for a share of YES and of NO. */
export function payoutOf(outcome: unknown): readonly [Micros, Micros] | undefined {
  if (outcome === 'YES') return [ONE_MICROS, 0n];
  if (outcome === 'NO') return [0n, ONE_MICROS];
  return outcome === '50-50' ? [ONE_MICROS / 2n, ONE_MICROS / 2n] : undefined;
}

function resolve({ exchange, conditionOf }: ControlRouteParts, json: unknown) {
  const { market, outcome } = fieldsOf(json) ?? {};
  const payout = payoutOf(outcome);
  if (payout === undefined) {
    throw new FillwrightFault('invalid_value', 'outcome: expected YES, NO or 50-50.');
  }
  exchange.resolve(conditionOf(String(market), 'market'), payout);
  return { market, outcome };
}

function settlementOf(fields: Fields): Partial<SettlementRules> {
  const names = ['minedAfterMs', 'confirmedAfterMs', 'failedShare', 'retryingShare'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name];
      return typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}

/** Opens the wallet of a signer, or adds to it: for keys that the sandbox did not make. */
function deposit({ exchange, accounts }: ControlRouteParts, json: unknown) {
  const { address, signatureType = 0, dollars = '0', shares = {} } = fieldsOf(json) ?? {};
  const type = ([0, 1, 2, 3] as const).find(
    (known): known is SignatureType => known === signatureType,
  );
  if (type === undefined) {
    throw new FillwrightFault('invalid_value', 'signatureType: expected 0, 1, 2 or 3.');
  }
  const micros = parseMicros(dollars, 'dollars');
  const given = Object.entries(fieldsOf(shares) ?? {}).map(
    ([tokenId, size]) => [tokenId, parseMicros(size, `shares.${tokenId}`)] as const,
  );
  const { funder } = accounts.openForeign(String(address), type);
  exchange.deposit(funder, micros, Object.fromEntries(given));
  return { address, signatureType: type, funder, balance: microsText(exchange.balance(funder)) };
}

/** Everything, for an oracle: the orders and trades of all, each trade as its taker sees it. */
function ledger({ exchange, accounts }: ControlRouteParts, { query }: SandboxRequest) {
  const owner = query.get('owner');
  const isAsked = (...owners: readonly string[]) => owner === null || owners.includes(owner);
  const { deposited, fees, collateral, inFlight } = exchange.totals();
  return {
    orders: [...exchange.orders()].filter((order) => isAsked(order.owner)).map(orderRow),
    trades: [...exchange.trades()]
      .filter((trade) => isAsked(trade.takerOwner, ...trade.makerFills.map((fill) => fill.owner)))
      .map((trade) => ({
        ...tradeRow(trade, trade.takerOwner),
        taker_fee: microsText(trade.takerFee),
      })),
    balances: accounts.list().map(({ name, address, funder, signatureType }) => ({
      name,
      address,
      funder,
      signatureType,
      dollars: microsText(exchange.balance(funder)),
      shares: sharesOf(exchange, funder),
    })),
    markets: [...exchange.markets.values()].map(({ conditionId, slug, tickSize, payout }) => ({
      conditionId,
      slug,
      tickSize,
      payout: payout?.map(microsText) ?? null,
    })),
    totals: {
      deposited: microsText(deposited),
      fees: microsText(fees),
      collateral: microsText(collateral),
      inFlight: microsText(inFlight),
    },
  };
}

function sharesOf(exchange: Exchange, wallet: string): Readonly<Record<string, string>> {
  const held = [...exchange.markets.values()].flatMap(({ tokens }) =>
    tokens.flatMap(({ tokenId }) => {
      const size = exchange.balance(wallet, tokenId);
      return size === 0n ? [] : [[tokenId, microsText(size)] as const];
    }),
  );
  return Object.fromEntries(held);
}
