/** A server that takes webhooks, and answers as its test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The bytes as they came. */
  readonly body: string;
}

/** A status, with headers; `silence`: no answer at all; `cut`: the connection ends. */
export type Answer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | 'silence'
  | 'cut';

export interface WebhookServer {
  readonly url: string;
  readonly requests: readonly Received[];
  /** What each request is answered, `attempt` from 1. Default: 204. */
  onRequest: (request: Received, attempt: number) => Answer | Promise<Answer>;
  close(): Promise<void>;
}

export async function openWebhookServer(): Promise<WebhookServer> {
  const requests: Received[] = [];
  const http = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const received: Received = {
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      requests.push(received);
      void Promise.resolve(server.onRequest(received, requests.length)).then((answer) =>
        give(answer, response),
      );
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: WebhookServer = {
    url: `http://127.0.0.1:${port}/hooks`,
    requests,
    onRequest: () => 204,
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
  return server;
}

function give(answer: Answer, response: ServerResponse): void {
  if (answer === 'silence') return;
  if (answer === 'cut') response.destroy();
  else if (typeof answer === 'number') response.writeHead(answer).end();
  else response.writeHead(answer.status, answer.headers).end('an answer that nobody reads');
}
