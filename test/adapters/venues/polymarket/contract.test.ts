import { venueContract } from '../../../contracts/venue.contract.ts';
import { SANDBOX_CAPABILITIES, sandboxHarness } from './sandbox-harness.ts';

venueContract('the sandbox through the Polymarket adapter', sandboxHarness, SANDBOX_CAPABILITIES);
