/** Items that are in flight, and items that were in flight when a process died. */
export const IN_FLIGHT = [
  // A row belongs to a connection: once PostgreSQL has lost the connection, its process is dead. The table is unlogged, so that
  // a write waits for no disk. After a crash of the server it is empty, because no item is to blame for that.
  `create unlogged table in_flight (
     id bigint generated always as identity primary key,
     backend_pid integer not null,
     backend_start timestamptz not null,
     work text not null,
     items text[] not null
   )`,

  // Items that were in flight when a process died. Each entry of deaths is a process that died with only this item in flight.
  `create table suspect (
     item text not null,
     work text not null,
     deaths jsonb not null default '[]' check (jsonb_typeof(deaths) = 'array'),
     since timestamptz not null default now(),
     primary key (item, work)
   )`,
];
