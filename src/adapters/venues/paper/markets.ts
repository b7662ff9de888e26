/** For each instrument the public book and our orders in it, made when they are first needed. */
import type { InstrumentId } from '../../../domain/instrument.ts';
import { RestingOrders } from './resting-orders.ts';
import { VisibleBook } from './visible-book.ts';

interface Market {
  readonly book: VisibleBook;
  readonly resting: RestingOrders;
}

export class Markets {
  readonly #queuePosition: 'back' | 'front';
  readonly #byInstrument = new Map<InstrumentId, Market>();

  constructor(queuePosition: 'back' | 'front') {
    this.#queuePosition = queuePosition;
  }

  get(id: InstrumentId): Market {
    let market = this.#byInstrument.get(id);
    if (market === undefined) {
      market = { book: new VisibleBook(), resting: new RestingOrders(this.#queuePosition) };
      this.#byInstrument.set(id, market);
    }
    return market;
  }
}
