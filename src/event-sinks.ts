/** The sinks of a configuration. */
import { createHash } from 'node:crypto';
import type { EventSink } from './actors/event-port.ts';
import type { Clock } from './actors/ports.ts';
import { createJsonLinesSink } from './adapters/sinks/json-lines.ts';
import { createWebhookSink } from './adapters/sinks/webhook.ts';
import { readSecret, SECRET_FORM } from './adapters/sinks/webhook-signature.ts';
import type { Config } from './config.ts';
import { FillwrightFault } from './domain/faults.ts';

/** Characters of the hash that tells two addresses of one host apart. */
const HASH_LENGTH = 12;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws {FillwrightFault} `invalid_config` for a secret that is not in the environment, or is none.
 * It names the variable, never what is in it.
 */
export function openEventSinks(
  { events }: Pick<Config, 'events'>,
  clock: Clock,
  environment: Environment = process.env,
): readonly EventSink[] {
  const { jsonLines, webhooks } = events;
  return [
    ...(jsonLines === undefined ? [] : [createJsonLinesSink({ name: 'jsonLines', ...jsonLines })]),
    ...webhooks.map(({ url, secretEnv, types, minimumPriority }) =>
      createWebhookSink({
        ...{ name: webhookName(url), url, clock, types, minimumPriority },
        key: secretOf(secretEnv, environment),
      }),
    ),
  ];
}

/** Its cursor is kept under this: the address itself may be a secret. */
export function webhookName(url: string): string {
  const hash = createHash('sha256').update(url).digest('hex').slice(0, HASH_LENGTH);
  return `webhook:${new URL(url).host}:${hash}`;
}

function secretOf(variable: string, environment: Environment) {
  const text = environment[variable];
  const key = text === undefined ? undefined : readSecret(text.trim());
  if (key !== undefined) return key;
  const got = text === undefined || text === '' ? 'nothing' : 'another text';
  throw new FillwrightFault(
    'invalid_config',
    `The environment variable ${variable}: got ${got}, expected the secret of a webhook: ${SECRET_FORM}.`,
    { variable },
  );
}
