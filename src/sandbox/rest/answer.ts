/** Requests and answers as the routes see them. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey } from '../api-keys.ts';

export interface SandboxRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The exact text that came. */
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** What stands in the place of `{…}` in the route's path. */
  readonly parameter: string;
  /** The numbers of the orders that it posts, in their order. */
  readonly numbers: readonly number[];
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, in place of `json`. */
  readonly text?: string;
  /** Default: JSON. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request is about, for fault rules and limits. */
export type RouteGroup = 'orders' | 'cancels' | 'reads' | 'heartbeats' | 'other';

type Method = 'GET' | 'POST' | 'DELETE';
type PublicHandler = (request: SandboxRequest) => Answer | Promise<Answer>;
type KeyHandler = (request: SandboxRequest, key: ApiKey) => Answer | Promise<Answer>;

export type Route = {
  readonly method: Method;
  /** The last part may be `{…}`. */
  readonly path: string;
  readonly group: RouteGroup;
} & (
  | { readonly access: 'public'; readonly handle: PublicHandler }
  /** Signed with an API key (L2). */
  | { readonly access: 'key'; readonly handle: KeyHandler }
);

/** A route that anyone may ask. */
export function openTo(method: Method, path: string, handle: PublicHandler): Route {
  return { access: 'public', group: 'other', method, path, handle };
}

/** A route for the owner of an API key. */
export function keyTo(group: RouteGroup, method: Method, path: string, handle: KeyHandler): Route {
  return { access: 'key', group, method, path, handle };
}

export function ok(json: unknown): Answer {
  return { status: 200, json };
}

/** The venue's form of an error. Source: Polymarket docs, error codes. */
export function refusal(status: number, error: string, more: object = {}): Answer {
  return { status, json: { error, ...more } };
}
