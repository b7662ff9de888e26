/** The exchange of the chaos run: `fillwright sandbox` in a process of its own, never killed. It is the oracle. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startCommand } from './processes.ts';

const START_LIMIT_MS = 30_000;

const Opened = z.object({
  rest: z.string(),
  chainId: z.number(),
  accounts: z.array(
    z.object({
      privateKey: z.string(),
      funder: z.string(),
      signatureType: z.number(),
      apiKey: z.string(),
      secret: z.string(),
      passphrase: z.string(),
    }),
  ),
  markets: z.array(
    z.object({
      conditionId: z.string(),
      slug: z.string(),
      tokens: z.array(z.object({ tokenId: z.string(), outcome: z.string() })),
    }),
  ),
});
export type OpenedSandbox = z.infer<typeof Opened>;

const Maker = z.object({
  order_id: z.string(),
  owner: z.string(),
  asset_id: z.string(),
  matched_amount: z.string(),
  price: z.string(),
  side: z.string(),
});

const LedgerAnswer = z.object({
  orders: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      asset_id: z.string(),
      side: z.string(),
      price: z.string(),
      original_size: z.string(),
      size_matched: z.string(),
      order_type: z.string(),
    }),
  ),
  trades: z.array(
    z.object({
      id: z.string(),
      taker_order_id: z.string(),
      asset_id: z.string(),
      side: z.string(),
      size: z.string(),
      price: z.string(),
      status: z.string(),
      taker_fee: z.string(),
      maker_orders: z.array(Maker),
    }),
  ),
  balances: z.array(
    z.object({
      funder: z.string(),
      dollars: z.string(),
      shares: z.record(z.string(), z.string()),
    }),
  ),
});

type LedgerAnswer = z.infer<typeof LedgerAnswer>;

/** What the exchange holds of our account. */
export interface VenueLedger {
  readonly orders: LedgerAnswer['orders'];
  readonly trades: LedgerAnswer['trades'];
  readonly dollars: string;
  /** By token id. */
  readonly shares: Readonly<Record<string, string>>;
}

export interface ChaosSandbox {
  readonly opened: OpenedSandbox;
  readonly port: number;
  /** The variables by which an engine is told who it is. */
  readonly credentials: Readonly<Record<string, string>>;
  ledger(): Promise<VenueLedger>;
  /** A rule of docs/sandbox.md. */
  addFault(rule: object): Promise<void>;
  clearFaults(): Promise<void>;
  /** How many requests and frames each kind of fault has met so far. */
  faultHits(): Promise<Readonly<Record<string, number>>>;
  setSettlement(rules: object): Promise<void>;
  /** Undefined while it lives, which is what is expected of it. */
  readonly fate: string | undefined;
  close(): Promise<void>;
}

export async function startSandbox(
  folder: string,
  seed: string,
  scenario: object,
): Promise<ChaosSandbox> {
  const path = join(folder, 'scenario.yaml');
  writeFileSync(path, JSON.stringify(scenario));
  const running = startCommand([
    ...['sandbox', '--json', '--end-with-input', '--seed', seed, '--scenario', path],
  ]);
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (!running.stdout.includes('\n')) {
    if (running.end !== undefined || Date.now() > deadlineMs) {
      running.kill('SIGKILL');
      throw new Error(`The sandbox did not start: ${running.lines.join('\n')}`);
    }
    await sleep(20);
  }
  const opened = Opened.parse(JSON.parse(running.stdout.split('\n')[0] ?? ''));
  const [account] = opened.accounts;
  if (account === undefined) throw new Error('The scenario has no account.');
  const hits: Record<string, number> = {};

  async function ask(method: string, route: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${opened.rest}${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  return {
    opened,
    port: Number(new URL(opened.rest).port),
    credentials: {
      POLYMARKET_PRIVATE_KEY: account.privateKey,
      POLYMARKET_FUNDER: account.funder,
      POLYMARKET_SIGNATURE_TYPE: String(account.signatureType),
      POLYMARKET_CHAIN_ID: String(opened.chainId),
      POLYMARKET_API_KEY: account.apiKey,
      POLYMARKET_API_SECRET: account.secret,
      POLYMARKET_API_PASSPHRASE: account.passphrase,
    },
    async ledger() {
      const answer = await ask('GET', `/sandbox/ledger?owner=${account.apiKey}`);
      const { orders, trades, balances } = LedgerAnswer.parse(answer);
      const ours = balances.find(({ funder }) => funder === account.funder);
      return { orders, trades, dollars: ours?.dollars ?? '0', shares: ours?.shares ?? {} };
    },
    async addFault(rule) {
      await ask('POST', '/sandbox/faults', rule);
    },
    async clearFaults() {
      for (const [kind, count] of Object.entries(await faultHits())) {
        hits[kind] = (hits[kind] ?? 0) + count;
      }
      await ask('DELETE', '/sandbox/faults');
    },
    async faultHits() {
      const now = await faultHits();
      const kinds = new Set([...Object.keys(hits), ...Object.keys(now)]);
      return Object.fromEntries(
        [...kinds].sort().map((kind) => [kind, (hits[kind] ?? 0) + (now[kind] ?? 0)]),
      );
    },
    async setSettlement(rules) {
      await ask('POST', '/sandbox/settlement', rules);
    },
    get fate() {
      return running.end === undefined
        ? undefined
        : `The sandbox has ended: ${JSON.stringify(running.end)} ${running.lines.slice(-5).join('\n')}`;
    },
    async close() {
      running.child.stdin?.end();
      await Promise.race([running.ended, sleep(10_000, undefined, { ref: false })]);
      running.kill('SIGKILL');
    },
  };

  async function faultHits(): Promise<Record<string, number>> {
    const rules = z
      .array(z.object({ hits: z.number(), rule: z.object({ kind: z.string() }) }))
      .parse(await ask('GET', '/sandbox/faults'));
    const sums: Record<string, number> = {};
    for (const { hits: count, rule } of rules) sums[rule.kind] = (sums[rule.kind] ?? 0) + count;
    return sums;
  }
}
