/** What the queue's page and the server tell one another; see recognizer/admin/queue_views.py. For the type checker alone. */

/** A drawing in hand. Of a blind one nothing is known that anybody said of it. */
export type Drawing = BlindDrawing | OpenDrawing;

export interface BlindDrawing {
  id: string;
  image: string;
  blind: true;
  check: boolean;
}

export interface OpenDrawing {
  id: string;
  image: string;
  blind: false;
  check: boolean;
  model: string;
  confidence: string;
  person: string;
  label: number | null;
  why: string;
  contributor: string;
  /** "contradicted on 24 of 24", or "". */
  record: string;
  /** The address of what else waits by the same hand. */
  sheet: string;
  notes: string[];
}

/** How many wait; `many` where they are no longer counted. */
export interface Counts {
  left: number;
  many: boolean;
}

export interface Claim extends Counts {
  drawings: Drawing[];
}

/** What is put into the outbox. A decision's label is 0-9, that of "not a digit", or null for rejected. */
export type Message = (
  | { kind: "decide"; id: string; label: number | null; blind: boolean }
  | { kind: "skip"; id: string }
  | { kind: "undo"; id: string; decided: boolean }
  | { kind: "note"; id: string; text: string }
) &
  Partial<Here>;

/** Which window speaks, and what it was asked to show. */
export interface Here {
  window: string;
  wanted: Record<string, unknown>;
}

/** What the page holds, told with every claim. */
export interface Held extends Here {
  held: string[];
  unsent: string[];
  skipped: string[];
  blind: boolean;
}

/** A run's progress in words, and as a share. */
export interface LiveRun {
  is_live: boolean;
  status: string;
  phase: string;
  progress: number;
  percent: string;
  epoch: string;
  accuracy: string;
  left: string;
  lasted: string;
  log: string;
}
