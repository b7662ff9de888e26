/** A server that keeps what it is sent: what the venue's own client puts on the wire. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Captured {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface CaptureServer {
  readonly host: string;
  /** The only request since the last call. */
  taken(): Captured;
  close(): Promise<void>;
}

/** Answers every request with `{}`. */
export async function startCaptureServer(): Promise<CaptureServer> {
  const captured: Captured[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    captured.push({ method, path: url, headers, body: await text(request) });
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return {
    host: `http://127.0.0.1:${address.port}`,
    taken: () => {
      const [only, ...others] = captured.splice(0);
      if (only === undefined || others.length > 0) throw new Error('Expected one request.');
      return only;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
