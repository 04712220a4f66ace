/**
 * The start that a build carries, so that it need not be written each time (start.ts: prepareStart). The sources have none: a build puts
 * another module in the place of this one (vite.prepared.ts).
 */
export interface PreparedStart {
  readonly base: string;
  readonly usual: string;
  /** JSON of a CatalogueText. */
  readonly catalogue: string;
}

export const prepared: PreparedStart | undefined = undefined;
