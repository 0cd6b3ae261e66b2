/**
 * What the API takes and answers, as far as the pages use it. Each interface stands for the component of that name in
 * /api/schema/; tests/test_javascript.py holds the two together. For the type checker alone: no browser asks for this file.
 */

/** x and y in canonical units, and milliseconds since the drawing was begun. */
export type Point = [x: number, y: number, time: number];
export type Stroke = Point[];

export interface Canvas {
  width: number;
  height: number;
}

export interface DrawingRequestRequest {
  image?: string;
  strokes?: Stroke[];
  canvas?: Canvas;
  prompted?: number | null;
  explain?: boolean;
}

/** 0-9, or null for "not a digit". */
export type Label = number | null;

export interface Alternative {
  digit: number;
  probability: number;
}

export interface Step {
  name: string;
  image: string;
}

/** What every answer has; `Answer` below says what goes with which kind. */
interface AnswerFields {
  message: string;
  certainty: string;
  confidence: number;
  margin: number;
  likely_digit: number;
  probabilities: number[];
  alternatives: Alternative[];
  model_version: number;
  memory: number;
  people: number;
  memory_changed: boolean;
  preview: string;
  steps?: Step[];
}

export interface DigitAnswer extends AnswerFields {
  kind: "digit";
  digit: number;
  refused: false;
}

/** Too close to call: `digit`, or the first of `alternatives`, which there always is. */
export interface PairAnswer extends AnswerFields {
  kind: "pair";
  digit: number;
  refused: false;
}

export interface Refusal extends AnswerFields {
  kind: "refused";
  digit: null;
  refused: true;
}

export type Answer = DigitAnswer | PairAnswer | Refusal;
export type StoredAnswer = Answer & { id: string };

export interface Part {
  stroke: number;
  start: number;
  end: number;
}

export interface Explanation {
  sentence: string;
  strongest: Part | null;
}

export interface Round {
  digits: number[];
}

export interface FeedbackAnswer {
  id: string;
  label: Label;
  status: StatusEnum;
}

export type StatusEnum = "unconfirmed" | "waiting" | "approved" | "rejected" | "quarantined";

export interface DrawingSummary {
  id: string;
  created_at: string;
  image: string;
  predicted: number | null;
  model_version: number;
  confirmed: Label;
  is_confirmed: boolean;
  is_reviewed: boolean;
  status: StatusEnum;
  fate: string;
}

/** One page of them; `next` is the address of the one after. */
export interface PaginatedDrawingSummaryList {
  next?: string | null;
  results: DrawingSummary[];
}

export interface VersionAnswer {
  version: number;
  digit: number | null;
}

export interface DrawingDetail {
  image: string;
  strokes: Stroke[] | null;
  canvas: Canvas | null;
  preview: string | null;
  answers: VersionAnswer[];
}

export interface Provenance {
  versions: number[];
  left_out: string;
}

export interface Provenances {
  drawings: Record<string, Provenance>;
}

export interface Model {
  version: number;
}

export interface Totals {
  new_since: number;
  next_at: number | null;
}

export interface Version {
  number: number;
}

export interface Progress {
  versions: Version[];
  totals: Totals;
}

export interface Error {
  code: string;
  detail: string;
}
