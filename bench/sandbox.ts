/** The sandbox: orders taken, and frames of the market channel delivered. */
import { benchSandboxFrames, type SandboxFrames } from './sandbox-frames.ts';
import { benchSandboxOrders, type SandboxOrders } from './sandbox-orders.ts';

export interface SandboxBench {
  readonly orders: SandboxOrders;
  readonly frames: SandboxFrames;
}

export async function benchSandbox(): Promise<SandboxBench> {
  return { orders: await benchSandboxOrders(), frames: await benchSandboxFrames() };
}
