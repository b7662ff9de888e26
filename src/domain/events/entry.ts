/** What the catalogue says of one type of event. */
import type { z } from 'zod';

/** 1 (least) to 10: what a reader who cannot read everything reads first. */
export type Priority = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Events of one stream are numbered from 1 without gaps, and delivered in this order. */
export type StreamKind = 'order' | 'position' | 'venue' | 'system';

export interface EventEntry {
  readonly priority: Priority;
  /** The version of the catalogue that it came with: no event of it is made of earlier inputs. */
  readonly since: number;
  readonly stream: StreamKind;
  /** One sentence. */
  readonly meaning: string;
  readonly payload: z.ZodObject;
}

/** Keeps the exact types of a group of entries. */
export function entries<const Group extends Readonly<Record<string, EventEntry>>>(
  group: Group,
): Group {
  return group;
}
