/** Stands before a sandbox: hands requests on, notes their headers, and changes answers where told. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface NotedRequest {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface VenueProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Every request so far. */
  readonly requests: readonly NotedRequest[];
  close(): Promise<void>;
}

/** Makes another answer of the venue's; undefined leaves it as it is. */
export type Change = (path: string, answer: string) => string | undefined;

/** Forwards to `upstream`, an `http://host:port`; `onRequest` is told before each. */
export async function openProxy(
  upstream: string,
  change: Change = () => undefined,
  onRequest: (request: NotedRequest) => void = () => undefined,
): Promise<VenueProxy> {
  const requests: NotedRequest[] = [];
  const server = createServer((incoming, response) => {
    const forward = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      const { method = 'GET', url: target = '/', headers } = incoming;
      const body = Buffer.concat(chunks).toString('utf8');
      const noted = { method, target, headers, body };
      requests.push(noted);
      onRequest(noted);
      const proofs = Object.entries(headers).filter(([name]) => name.startsWith('poly_'));
      const answer = await fetch(`${upstream}${target}`, {
        method,
        headers: { ...Object.fromEntries(proofs.map(([name, value]) => [name, String(value)])) },
        ...(body === '' ? {} : { body }),
      });
      const text = await answer.text();
      const [path = ''] = target.split('?');
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(change(path, text) ?? text);
    };
    // A venue that has gone cuts its clients off.
    forward().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
