import type { CastType } from './cast.ts'

/**
 * One step: an object with one property, which names what is done. Fields are names or paths: `a.b.c`, with backticks round
 * a name that has a dot in it. A path goes into every element of a list on its way; `extract` and `valueToKey` do not.
 */
export type TransformStep =
  | { readonly insert: InsertStep }
  | { readonly rename: Readonly<Record<string, string>> }
  | { readonly cast: CastType | Readonly<Record<string, CastType>> }
  | { readonly mask: readonly string[] | MaskStep }
  | { readonly hoist: string | HoistStep }
  | { readonly extract: string }
  | { readonly flatten: true | FlattenStep }
  | { readonly remove: readonly string[] }
  | { readonly keep: readonly string[] }
  | { readonly valueToKey: readonly string[] }
  | { readonly timestampFormat: TimestampFormatStep }

/** Writes what is known of the record, or fixed data, into fields (Connect: InsertField). A null value stays null. */
export interface InsertStep {
  /** The field that gets the topic's name. */
  readonly topicField?: string
  /** The field that gets the partition; left out on a producer that has not chosen one. */
  readonly partitionField?: string
  /** The field that gets the offset; on a consumer only. */
  readonly offsetField?: string
  /** The field that gets the record's timestamp in milliseconds; left out on a producer where `send` was given none. */
  readonly timestampField?: string
  /** Fields that get a header's last value as text, by field; left out where there is no such header. */
  readonly headerFields?: Readonly<Record<string, string>>
  /** Fixed data by field. */
  readonly static?: Readonly<Record<string, unknown>>
}

/** Connect: MaskField. */
export interface MaskStep {
  readonly fields: readonly string[]
  /** Takes the place of text, and of numbers if it is one. @default nothing of the kind: '', 0, false, [], {} */
  readonly replacement?: string | number
}

/** Connect: HoistField. */
export interface HoistStep {
  readonly field: string
  /** A null value becomes an object whose field is null, as in Connect; false leaves null alone. @default true */
  readonly wrapNull?: boolean
}

/** Connect: Flatten. */
export interface FlattenStep {
  /** Stands between the names. @default . */
  readonly delimiter?: string
}

export type TimestampForm = 'iso' | 'seconds' | 'millis' | 'micros'

/** Connect: TimestampConverter, for the forms that need no pattern. */
export interface TimestampFormatStep {
  readonly field: string
  /** What the field holds. A Date is taken in any case. @default iso for text, millis for numbers */
  readonly from?: TimestampForm
  /** What it gets: ISO 8601 in UTC, or a whole number since 1970. */
  readonly to: TimestampForm
}
