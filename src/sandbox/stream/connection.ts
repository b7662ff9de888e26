/** One websocket of a client: what is sent to it, and what goes wrong on the way. */
import { WebSocket } from 'ws';
import type { Clock } from '../../actors/ports.ts';
import type { Faults } from '../faults/fault-set.ts';

/** A client that lets this much wait does not read; the venue would drop it, too. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** Frames held back by a fault; beyond this they are dropped. */
const MOST_HELD = 10_000;

export interface Frame {
  /** `user.trade`, `market.book` … as fault rules name it. */
  readonly name: string;
  readonly text: string;
  readonly conditionId?: string;
  /** The numbers of the posted orders that it is about. */
  readonly orders?: readonly number[];
}

/** As much of a WebSocket as is used here. */
export interface ClientSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(mark: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'close' | 'error', listener: () => void): unknown;
  on(event: 'message' | 'pong', listener: (data: { toString(): string }) => void): unknown;
  off(event: 'close', listener: () => void): unknown;
  off(event: 'pong', listener: (data: { toString(): string }) => void): unknown;
}

export class Connection {
  readonly #socket: ClientSocket;
  readonly #clock: Clock;
  readonly #faults: Faults;
  /** Timers of frames that are held back. */
  readonly #held = new Set<() => void>();
  /** What a frame out of order waits for: the next one. */
  #overtaken: (() => void)[] = [];
  #isFrozen = false;
  #answersPing = true;

  constructor(socket: ClientSocket, clock: Clock, faults: Faults) {
    this.#socket = socket;
    this.#clock = clock;
    this.#faults = faults;
    socket.on('close', () => {
      for (const cancel of this.#held) cancel();
      this.#held.clear();
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  pong(): void {
    if (this.#answersPing) this.#write('PONG');
  }

  /** Sends a frame, unless a fault has it otherwise. */
  send(frame: Frame): void {
    if (this.#isFrozen || !this.isOpen) return;
    const { name, conditionId, orders } = frame;
    const strike = this.#faults.strike(
      ['freeze', 'dropFrame', 'disconnect', 'delayFrame', 'reorderFrames', 'duplicateFrame'],
      {
        frame: name,
        ...(conditionId === undefined ? {} : { conditionIds: [conditionId] }),
        ...(orders === undefined ? {} : { orders }),
      },
    );
    switch (strike?.rule.kind) {
      case 'freeze':
        this.#isFrozen = true;
        this.#answersPing = strike.rule.answersPing;
        return;
      case 'dropFrame':
        return;
      case 'delayFrame':
        this.#later(frame.text, strike.rule.delayMs);
        return;
      case 'reorderFrames': {
        const release = this.#later(frame.text, strike.rule.withinMs);
        if (release !== undefined) this.#overtaken.push(release);
        return;
      }
      default:
    }
    this.#write(frame.text);
    if (strike?.rule.kind === 'duplicateFrame') this.#write(frame.text);
    const overtaken = this.#overtaken;
    this.#overtaken = [];
    for (const release of overtaken) release();
    if (strike?.rule.kind === 'disconnect') this.#socket.terminate();
  }

  /** Ends the connection in order. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Resolves when the client has received all that was sent so far, or is gone. */
  flushed(mark: string): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('pong', heard);
        this.#socket.off('close', done);
        resolve();
      };
      const heard = (data: { toString(): string }) => {
        if (data.toString() === mark) done();
      };
      this.#socket.on('pong', heard);
      this.#socket.on('close', done);
      this.#socket.ping(mark);
    });
  }

  /** Sends a text after a time, or when it is released before. */
  #later(text: string, delayMs: number): (() => void) | undefined {
    if (this.#held.size >= MOST_HELD) return undefined;
    const release = () => {
      if (!this.#held.delete(cancel)) return;
      cancel();
      this.#write(text);
    };
    const cancel = this.#clock.at(this.#clock.now() + delayMs, release);
    this.#held.add(cancel);
    return release;
  }

  #write(text: string): void {
    if (this.#isFrozen && text !== 'PONG') return;
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) this.#socket.terminate();
    else this.#socket.send(text);
  }
}
