/** The instruments of the venue with their newest tick sizes. */
import type { DecimalText } from '../../../domain/decimal.ts';
import type { Instrument, InstrumentId } from '../../../domain/instrument.ts';

/** Reads a list that may grow or be replaced while the venue runs, without a search per order. */
export class InstrumentList {
  readonly #read: () => readonly Instrument[];
  readonly #byId = new Map<InstrumentId, Instrument>();
  /** Tick sizes that the market data told: newer than the list. */
  readonly #ticks = new Map<InstrumentId, DecimalText>();
  #source: readonly Instrument[] = [];
  #sourceLength = -1;

  constructor(read: () => readonly Instrument[]) {
    this.#read = read;
  }

  get(id: InstrumentId): Instrument | undefined {
    this.#refresh();
    return this.#byId.get(id);
  }

  all(): readonly Instrument[] {
    this.#refresh();
    return [...this.#byId.values()];
  }

  setTick(id: InstrumentId, tickSize: DecimalText): void {
    if (this.#ticks.get(id) === tickSize) return;
    this.#ticks.set(id, tickSize);
    this.#sourceLength = -1;
  }

  #refresh(): void {
    const source = this.#read();
    if (source === this.#source && source.length === this.#sourceLength) return;
    this.#source = source;
    this.#sourceLength = source.length;
    this.#byId.clear();
    for (const instrument of source) {
      const tickSize = this.#ticks.get(instrument.id) ?? instrument.tickSize;
      this.#byId.set(
        instrument.id,
        tickSize === instrument.tickSize ? instrument : { ...instrument, tickSize },
      );
    }
  }
}
