/** What processes work on at the moment, and what they worked on when they died. */
export const IN_FLIGHT = [
  // A row belongs to a connection: once PostgreSQL has lost the connection, its process is dead. The table is unlogged so that
  // a write waits for no disk, and because a crash of the server is nobody's fault.
  `create unlogged table in_flight (
     id bigint generated always as identity primary key,
     backend_pid integer not null,
     backend_start timestamptz not null,
     work text not null,
     items text[] not null
   )`,

  // What a process worked on when it died. Each entry of deaths: a process that worked on nothing else died, too.
  `create table suspect (
     item text not null,
     work text not null,
     deaths jsonb not null default '[]' check (jsonb_typeof(deaths) = 'array'),
     since timestamptz not null default now(),
     primary key (item, work)
   )`,
];
