/** The whole contract again with the venue's books in a real database. */
import { venueContract } from '../../../contracts/venue.contract.ts';
import { freshStore } from '../../../support/database.ts';
import { PAPER_CAPABILITIES, paperHarness } from './paper-harness.ts';

venueContract(
  'paper on PostgreSQL',
  async (options) => {
    const { store, dispose } = await freshStore();
    return paperHarness(store.paper, options, {}, dispose);
  },
  PAPER_CAPABILITIES,
);
