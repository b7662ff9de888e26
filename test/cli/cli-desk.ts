/** An engine that holds ten confirmed shares, and the command line over its database. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrl, freshStore } from '../support/database.ts';
import { openDesk, type TestDesk, untilState } from '../support/desk.ts';
import { createScriptedVenue } from '../support/scripted-venue.ts';
import { type CliResult, runCli } from './cli-process.ts';

export interface CliDesk {
  readonly folder: string;
  readonly desk: TestDesk;
  /** The order that bought them. */
  readonly orderId: string;
  cli(...args: string[]): Promise<CliResult>;
  dispose(): Promise<void>;
}

export async function openHoldingDesk(): Promise<CliDesk> {
  const folder = await mkdtemp(join(tmpdir(), 'fillwright-cli-'));
  const fresh = await freshStore();
  const configPath = join(folder, 'desk.yaml');
  await writeFile(configPath, `database: { schema: ${fresh.schema} }\nlog: { level: warn }\n`);
  const venue = createScriptedVenue({ now: () => Date.now() });
  const database = fresh.open();
  const desk = await openDesk(fresh, {
    ...{ venue: () => venue.connect(), database, commands: database.commands },
  });
  const { orderId } = await desk.submit({ size: '10' });
  await untilState(desk.trading, orderId, 'working.open');
  venue.fill({ venueOrderId: `0x${orderId}`, size: '10', settlement: 'confirmed', feeUsd: '0' });
  await untilState(desk.trading, orderId, 'matched');
  await desk.trading.settled();
  return {
    ...{ folder, desk, orderId },
    cli: (...args) =>
      runCli([...args, '--config', configPath], { env: { DATABASE_URL: databaseUrl() } }),
    async dispose() {
      await desk.crash();
      await fresh.dispose();
      await rm(folder, { recursive: true });
    },
  };
}
