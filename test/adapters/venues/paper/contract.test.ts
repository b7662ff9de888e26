import { venueContract } from '../../../contracts/venue.contract.ts';
import { createMemoryPaperStore } from '../../../support/memory-paper-store.ts';
import { paperHarness } from './paper-harness.ts';

venueContract('paper', (options) => paperHarness(createMemoryPaperStore(), options), {
  failLegs: true,
  splitFills: true,
  takerDelay: true,
  makersPay: true,
});
