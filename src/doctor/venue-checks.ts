/** Checks of Polymarket, real or sandbox: in the order in which a start would meet them. */
import { z } from 'zod';
import type { Clock, Random } from '../actors/ports.ts';
import { revealed } from '../adapters/venues/polymarket/credentials.ts';
import { createHttp } from '../adapters/venues/polymarket/http.ts';
import { createMarkets } from '../adapters/venues/polymarket/markets.ts';
import {
  type Access,
  createAccess,
} from '../adapters/venues/polymarket/polymarket-venue-access.ts';
import { contractsOf } from '../adapters/venues/polymarket/protocol/contracts.ts';
import type { Signer } from '../adapters/venues/polymarket/protocol/order-types.ts';
import { openCurve } from '../adapters/venues/polymarket/protocol/secp256k1.ts';
import { checkAgainstPackage } from '../adapters/venues/polymarket/protocol/self-check.ts';
import { createLocalSigner } from '../adapters/venues/polymarket/protocol/signer.ts';
import { jsonOf } from '../adapters/venues/polymarket/rest-fields.ts';
import { createUserChannel } from '../adapters/venues/polymarket/user-channel.ts';
import { decimal } from '../domain/decimal.ts';
import { InvalidValue, show } from '../domain/faults.ts';
import type { VenuePlace } from '../venue-polymarket.ts';
import { type Check, fail, ok, warn } from './checks.ts';

/** The venue refuses requests that are some seconds off; ours are corrected by what it says. */
const SKEW_WARN_MS = 5_000;
const SKEW_FAIL_MS = 60_000;
const SIGN_IN_LIMIT_MS = 15_000;
const KNOWN_VERSION = 2;
const silent = () => undefined;

export interface VenueCheckParts {
  readonly place: VenuePlace;
  readonly clock: Clock;
  readonly random: Random;
}

export interface VenueChecks {
  readonly checks: readonly Check[];
  close(): Promise<void>;
}

/** @throws {InvalidValue} for a private key that is none. */
export function venueChecks({ place, clock, random }: VenueCheckParts): VenueChecks {
  const { credentials, clob, gamma } = place;
  const { api, chainId, signatureType } = credentials;
  const curve = openCurve();
  const signer = createLocalSigner(credentials.privateKey.reveal(), curve);
  const access = createAccess({
    ...{ restUrl: clob, gammaUrl: gamma, chainId, signatureType, signer, clock, log: silent },
    apiKeys: revealed(api),
  });
  return {
    checks: [
      signingCheck(curve, signer, credentials.funder ?? signer.address),
      clockCheck(access, clock),
      versionCheck(access),
      keysCheck(access, clob),
      marketsCheck(access, place, clock),
      balanceCheck(access),
      allowancesCheck(access, place),
      geoblockCheck(place, clock),
      streamCheck(access, place, clock, random),
    ],
    close: () => access.stop(),
  };
}

function signingCheck(curve: ReturnType<typeof openCurve>, signer: Signer, funder: string): Check {
  return {
    name: 'signing',
    fix: 'do not trade: install this version again with npm ci',
    async run() {
      await checkAgainstPackage(curve);
      const who = `${signer.address} for ${funder}, equal to the venue's package`;
      if (curve.implementation === 'native') return ok(`${who}, native`);
      const fix = 'npm rebuild secp256k1: signing takes ten times as long without it';
      return warn(`${who}, without the native binding`, fix);
    },
  };
}

function clockCheck({ rest }: Access, clock: Clock): Check {
  return {
    name: 'clock',
    fix: 'check the network, and the address under venue.hosts.clob',
    async run() {
      const before = clock.now();
      // It is told in whole seconds.
      const venueMs = (await rest.time()) * 1_000 + 500;
      const skewMs = Math.round(venueMs - (before + clock.now()) / 2);
      const detail = `${skewMs} ms off the venue's`;
      const fix = 'set this machine to a time server: timedatectl set-ntp true';
      if (Math.abs(skewMs) > SKEW_FAIL_MS) return fail(detail, fix);
      return Math.abs(skewMs) > SKEW_WARN_MS ? warn(detail, fix) : ok(detail);
    },
  };
}

function versionCheck({ rest }: Access): Check {
  return {
    name: 'version',
    fix: 'check the network, and the address under venue.hosts.clob',
    async run() {
      const version = await rest.version();
      if (version === KNOWN_VERSION) return ok(`orders of version ${version}`);
      const detail = `the venue names version ${version}, this release knows ${KNOWN_VERSION}`;
      return version < KNOWN_VERSION
        ? fail(detail, 'trade elsewhere: our orders would be refused')
        : warn(detail, 'look for a newer release before trading');
    },
  };
}

function keysCheck(access: Access, clob: string): Check {
  return {
    name: 'keys',
    fix: 'check private_key, funder and signature_type; remove the api_ lines to derive new keys',
    async run() {
      await access.start();
      const key = access.keys().apiKey;
      if (access.closedOnly !== true) return ok(`API key ${key} is taken by ${clob}`);
      return fail('the account may only close what it holds', 'ask the venue why');
    },
  };
}

function marketsCheck(access: Access, place: VenuePlace, clock: Clock): Check {
  return {
    name: 'markets',
    fix: 'correct the condition ids under venue.markets',
    async run() {
      const markets = createMarkets({
        ...{ rest: access.rest, gamma: access.gamma, clock, venue: 'polymarket', log: silent },
        conditionIds: place.markets,
        protocolV2: place.protocolV2,
      });
      try {
        await markets.start();
        const refused = Object.entries(markets.halted);
        const found = `${markets.instruments().length / 2} of ${place.markets.length}`;
        if (refused.length === 0) return ok(`${found} can be traded`);
        const [first] = refused;
        return warn(`${found} can be traded: ${first?.join(': ')}`, this.fix);
      } finally {
        markets.stop();
      }
    },
  };
}

function balanceCheck({ rest }: Access): Check {
  return {
    name: 'balance',
    fix: 'see the row "keys"',
    async run() {
      await rest.refreshBalance('COLLATERAL');
      const cash = await rest.balance('COLLATERAL');
      if (decimal(cash).gt(0)) return ok(`${cash} dollars`);
      return warn('0 dollars', 'send pUSD to the funder; check funder and signature_type');
    },
  };
}

const Allowances = z.object({ allowances: z.record(z.string(), z.string()) });

function allowancesCheck({ rest }: Access, { credentials, protocolV2 }: VenuePlace): Check {
  const { chainId, signatureType } = credentials;
  return {
    name: 'allowances',
    fix: 'see the row "keys"',
    async run() {
      const answer = await rest.read({
        ...{ route: 'balance', path: '/balance-allowance', signed: true },
        query: { asset_type: 'COLLATERAL', signature_type: String(signatureType) },
      });
      const parsed = Allowances.safeParse(answer);
      if (!parsed.success) throw new InvalidValue('allowances', answer, 'amounts by spender');
      const granted = new Map(
        Object.entries(parsed.data.allowances).map(([spender, amount]) => [
          spender.toLowerCase(),
          amount,
        ]),
      );
      const { exchangeV2, negRiskExchangeV2, negRiskAdapter, exchangeV3 } = contractsOf(chainId);
      const spenders = {
        ...{ exchangeV2, negRiskExchangeV2, negRiskAdapter },
        ...(protocolV2 ? { exchangeV3 } : {}),
      };
      const missing = Object.entries(spenders).filter(([, spender]) =>
        /^0*$/.test(granted.get(spender.toLowerCase()) ?? ''),
      );
      if (missing.length === 0) return ok('the exchanges may take the collateral');
      const names = missing.map(([name, spender]) => `${name} ${spender}`).join(', ');
      return fail(`none for ${names}`, 'approve pUSD for them once, on the venue or on chain');
    },
  };
}

const Geoblock = z.object({ blocked: z.boolean(), country: z.string().optional() });

function geoblockCheck({ geoblock }: VenuePlace, clock: Clock): Check {
  return {
    name: 'geoblock',
    fix: `check that ${geoblock} can be reached`,
    async run() {
      const http = createHttp({ url: geoblock, clock });
      try {
        const result = await http.request({ method: 'GET', path: '/api/geoblock' });
        if (result.kind === 'failed') return warn(result.reason, this.fix);
        const parsed = Geoblock.safeParse(jsonOf(result.text));
        if (!parsed.success) return warn(`says ${show(result.text)}`, this.fix);
        const { blocked, country = 'unknown' } = parsed.data;
        if (!blocked) return ok(`country ${country} may trade`);
        return fail(`country ${country} is blocked`, 'run the engine where trading is allowed');
      } finally {
        await http.close();
      }
    },
  };
}

function streamCheck(access: Access, place: VenuePlace, clock: Clock, random: Random): Check {
  return {
    name: 'stream',
    fix: 'see the row "keys"; check the address under venue.hosts.stream',
    async run() {
      const over = new AbortController();
      const cancel = clock.at(clock.now() + SIGN_IN_LIMIT_MS, () => over.abort());
      const url = `${place.stream}/user`;
      const channel = createUserChannel({
        ...{ url, clock, random, auth: () => access.keys(), toEvents: () => [] },
      });
      try {
        for await (const event of channel.events(over.signal)) {
          if (event.type !== 'connection') continue;
          if (event.state === 'up') return ok('the user channel has let us in');
          return fail('the user channel has closed the connection', this.fix);
        }
        return fail(`no sign-in within ${SIGN_IN_LIMIT_MS / 1_000} s`, this.fix);
      } finally {
        cancel();
        over.abort();
      }
    },
  };
}
