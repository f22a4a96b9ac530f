const ignore = (): void => undefined;

/** For what wants a log and is not tested for it. */
export const silentLog = { debug: ignore, info: ignore, warn: ignore };
