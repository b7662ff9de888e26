/** Ports of one life of the engine, which ends at a call that was chosen before. */

export interface Crash {
  /** Calls over the ports of this life, counted from 1. */
  readonly atCall: number;
  /** The other side never hears of the call, or we never hear of its answer. */
  readonly how: 'before' | 'after';
}

export interface Life {
  calls: number;
  crash: Crash | undefined;
  dead: boolean;
}

export function bornWith(crash: Crash | undefined): Life {
  return { calls: 0, crash, dead: false };
}

const never = new Promise<never>(() => undefined);

/** Calls that change something on the other side, or that something is decided by. */
const COUNTED: ReadonlySet<string> = new Set([
  ...['commit', 'project', 'intentsByKeys', 'preparedByClientOrderIds', 'orders', 'legsOfOrder'],
  ...['prepare', 'submit', 'cancel', 'fetchOrder', 'fetchTrades', 'fetchOpenOrders'],
]);

/** A port that is silent for ever once the life is over. */
export function mortal<Port extends object>(life: Life, port: Port): Port {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (!COUNTED.has(String(key))) return value.bind(target);
      return (...args: unknown[]) => {
        if (life.dead) return never;
        life.calls += 1;
        const isLast = life.calls === life.crash?.atCall;
        if (isLast && life.crash?.how === 'before') {
          life.dead = true;
          return never;
        }
        const answer: unknown = Reflect.apply(value, target, args);
        if (!isLast) return answer;
        const die = () => {
          life.dead = true;
          return never;
        };
        return Promise.resolve(answer).then(die, die);
      };
    },
  });
}
