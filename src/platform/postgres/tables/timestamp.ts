import type { ColumnType } from 'kysely';

/** The server's clock sets it unless a value is given. */
export type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** Null unless a value is given. */
export type OptionalTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
