import { venueContract } from '../../../contracts/venue.contract.ts';
import { createMemoryPaperStore } from '../../../support/memory-paper-store.ts';
import { PAPER_CAPABILITIES, paperHarness } from './paper-harness.ts';

venueContract(
  'paper',
  (options) => paperHarness(createMemoryPaperStore(), options),
  PAPER_CAPABILITIES,
);
