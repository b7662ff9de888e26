/** Finds the route of a request and checks who asks. */

import type { Clock } from '../../actors/ports.ts';
import { verifyL2 } from '../../adapters/venues/polymarket/protocol/auth.ts';
import type { ApiKeys } from '../api-keys.ts';
import { seconds } from '../wire.ts';
import { MOST_SKEW_S } from './account-routes.ts';
import { type Answer, type Route, refusal, type SandboxRequest } from './answer.ts';

export interface Found {
  readonly route: Route;
  /** As fault rules name it: `GET /data/order/{id}`. */
  readonly name: string;
  readonly parameter: string;
}

export interface Router {
  find(method: string, path: string): Found | undefined;
  /** Carries out a request. Those with an API key are checked first. */
  run(route: Route, request: SandboxRequest): Answer | Promise<Answer>;
}

export function createRouter(
  routes: readonly Route[],
  { keys, clock }: { readonly keys: ApiKeys; readonly clock: Clock },
): Router {
  /** By method and path; of a path with a parameter, what stands before it. */
  const exact = new Map<string, Route>();
  const byPrefix = new Map<string, Route>();
  for (const route of routes) {
    const [prefix = '', parameter] = route.path.split('{');
    (parameter === undefined ? exact : byPrefix).set(`${route.method} ${prefix}`, route);
  }

  return {
    find(method, path) {
      const route = exact.get(`${method} ${path}`);
      if (route !== undefined) return { route, name: `${method} ${route.path}`, parameter: '' };
      const end = path.lastIndexOf('/') + 1;
      const open = byPrefix.get(`${method} ${path.slice(0, end)}`);
      if (open === undefined || end === path.length) return undefined;
      return { route: open, name: `${method} ${open.path}`, parameter: path.slice(end) };
    },
    run(route, request) {
      if (route.access === 'public') return route.handle(request);
      const { method, path, body, headers } = request;
      const proof = verifyL2(headers, { method, path, body }, (id) => keys.byId(id));
      if ('refusal' in proof || Math.abs(seconds(clock.now()) - proof.timestampS) > MOST_SKEW_S) {
        return refusal(401, 'Unauthorized/Invalid api key');
      }
      const key = keys.byId(proof.credentials.apiKey);
      return key === undefined
        ? refusal(401, 'Unauthorized/Invalid api key')
        : route.handle(request, key);
    },
  };
}
