import type { ColumnType } from 'kysely';

/** Written by the server's clock unless given. */
export type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** Null unless given. */
export type OptionalTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
