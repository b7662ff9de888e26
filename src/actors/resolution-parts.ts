/** The watch over the end of markets, put together. */
import type { ReconcileSettings } from '../domain/reconcile.ts';
import type { Execution, Log } from './execution.ts';
import type { Clock, Venue } from './ports.ts';
import { booksOf, type Reconciler } from './reconciler.ts';
import { createRedeemer } from './redemptions.ts';
import { createResolutionWatch, type ResolutionWatch } from './resolution-watch.ts';
import type { VenueIntake } from './venue-intake.ts';

export interface ResolutionParts {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly log: Log;
  readonly execution: Execution;
  readonly intake: VenueIntake;
  readonly reconciler: Pick<Reconciler, 'catchUp'>;
  readonly settings: ReconcileSettings;
  readonly everyMs?: number;
}

export function watchResolutions(parts: ResolutionParts): ResolutionWatch {
  const { venue, clock, log, execution, intake, reconciler, settings } = parts;
  const redeemer = createRedeemer({
    ...{ venue, clock, log, execution },
    books: booksOf(() => execution, intake),
    toleranceUsd: settings.collateralToleranceUsd,
    isOver: () => execution.failure !== undefined,
  });
  return createResolutionWatch({
    ...{ venue, clock, log, execution, redeemer },
    // Positions and collateral, as after every connection.
    compare: () => void reconciler.catchUp('interval'),
    ...(parts.everyMs === undefined ? {} : { everyMs: parts.everyMs }),
  });
}
