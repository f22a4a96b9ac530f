type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What is used of a logger; pino's fits. */
export interface EmbeddedLog {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
}
